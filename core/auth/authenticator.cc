#include "core/auth/authenticator.h"

#include <utility>

#include "core/auth/auth_options.h"
#include "core/auth/bearer.h"
#include "core/auth/key_files.h"
#include "core/auth/token_verifier.h"
#include "core/base/log.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"

namespace tocsin {
namespace {

bool LetsAllIn(const Authenticator& authenticator) {
  return !authenticator.on() || Planted("tokens-not-verified");
}

}  // namespace

Authenticator::Authenticator(Clock& clock, CidrList exempt)
    : clock_(clock), failures_(clock, std::move(exempt)), limits_(clock) {}

Authenticator::~Authenticator() = default;

absl::StatusOr<std::unique_ptr<Authenticator>> Authenticator::Open(const AuthFlags& flags,
                                                                   Clock& clock, CidrList exempt) {
  if (!flags.on()) {
    return Off(clock);
  }
  KeySourceOptions options = KeySourceOptions::ForFiles();
  options.rules = flags.key_rules();
  auto keys = std::make_unique<KeySource>(std::make_unique<KeyFiles>(flags.files), options, clock);
  RETURN_IF_ERROR(keys->Load());
  keys->Start();
  auto made = Over(std::move(keys), flags.rules, clock, std::move(exempt));
  made->limits().SetBounds(flags.subjects);
  return made;
}

std::unique_ptr<Authenticator> Authenticator::Over(std::unique_ptr<KeySource> keys,
                                                   TokenRules rules, Clock& clock,
                                                   CidrList exempt) {
  auto made = std::unique_ptr<Authenticator>(new Authenticator(clock, std::move(exempt)));
  made->keys_ = std::move(keys);
  made->verifier_ = std::make_unique<TokenVerifier>(std::move(rules), *made->keys_, clock);
  return made;
}

std::unique_ptr<Authenticator> Authenticator::Off(Clock& clock) {
  return std::unique_ptr<Authenticator>(new Authenticator(clock, {}));
}

const Authenticator& Authenticator::None() {
  static const std::unique_ptr<Authenticator> none = Off(Clock::Real());
  return *none;
}

absl::StatusOr<SubjectPtr> Authenticator::Authenticate(std::optional<std::string_view> token,
                                                       const IpAddress& client) const {
  if (LetsAllIn(*this)) {
    return Subject::Anyone();
  }
  if (!token) {
    return Refused(Refuse(Refusal::kMissing, "no token came"), client);
  }
  if (client != IpAddress() && !Planted("guessing-not-limited")) {
    RETURN_IF_ERROR(failures_.Check(client));
  }
  absl::StatusOr<Subject> subject = verifier_->Verify(*token);
  if (!subject.ok()) {
    return Refused(subject.status(), client);
  }
  accepted_.fetch_add(1, std::memory_order_relaxed);
  return std::make_shared<const Subject>(*std::move(subject));
}

absl::StatusOr<SubjectPtr> Authenticator::AuthenticateHeader(std::optional<std::string_view> value,
                                                             const IpAddress& client) const {
  if (LetsAllIn(*this) || !value) {
    return Authenticate(std::nullopt, client);
  }
  const absl::StatusOr<std::string_view> token = BearerToken(*value);
  return token.ok() ? Authenticate(*token, client) : Refused(token.status(), client);
}

absl::Time Authenticator::EndOf(const Subject& subject) const {
  return on() ? subject.expires_at + verifier_->rules().leeway : absl::InfiniteFuture();
}

void Authenticator::Reload() {
  if (keys_ != nullptr) {
    keys_->ReadSoon();
  }
}

std::optional<KeySource::State> Authenticator::keys() const {
  return keys_ == nullptr ? std::nullopt : std::optional(keys_->state());
}

// To have no token, or none that can be verified now, is no failure of the client's.
absl::Status Authenticator::Refused(absl::Status refusal, const IpAddress& client) const {
  if (const std::optional<Refusal> reason = RefusalOf(refusal)) {
    refused_[static_cast<size_t>(*reason)].fetch_add(1, std::memory_order_relaxed);
    if (client != IpAddress() && *reason != Refusal::kMissing && *reason != Refusal::kKeysAway) {
      failures_.Failed(client);
    }
  }
  if (MayLog()) {
    LogInfo("token refused", {{"why", OperatorText(refusal)}});
  }
  return refusal;
}

// Two threads at the turn of a minute may log a line more.
bool Authenticator::MayLog() const {
  const int64_t minute = absl::ToInt64Minutes(clock_.Monotonic());
  if (minute_.exchange(minute, std::memory_order_relaxed) != minute) {
    logged_.store(0, std::memory_order_relaxed);
  }
  return logged_.fetch_add(1, std::memory_order_relaxed) < kLoggedAMinute;
}

absl::Status TokenRanOut() { return Refuse(Refusal::kExpired, "it ran out in mid-session"); }

}  // namespace tocsin
