// authenticator.h: who calls: the one place in which the transports turn a token into a subject.
//
// Shape:   Authenticate for each session, stream and request; a session asks again with a fresh
//          token, and ends at EndOf its subject. Where authentication is off, whatever token comes
//          is passed over, and everyone is Subject::Anyone().
// Threads: safe; keys are read again on a thread of its own.
// Owns:    the keys, and the limits of those whom it has named (subject_limits.h).
// Errors:  RATE_LIMIT_EXCEEDED for an address with too many refused tokens (failure_limiter.h), whose
//          tokens are not looked at; else a refusal (refusal.h), counted by its reason, and logged at most kLoggedAMinute times,
//          without the token. Open's name the setting or the file: a server does not start without keys.
// Source:  docs/protocol.md, section 8.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/auth/failure_limiter.h"
#include "core/auth/key_source.h"
#include "core/auth/refusal.h"
#include "core/auth/subject.h"
#include "core/auth/subject_limits.h"
#include "core/base/cidr.h"
#include "core/base/clock.h"
#include "core/base/ip_address.h"

namespace tocsin {

struct AuthFlags;
struct TokenRules;
class TokenVerifier;

class Authenticator {
 public:
  // A client is told that its token runs out so long before it does.
  static constexpr absl::Duration kTellBefore = absl::Seconds(60);
  // Of refusals: a flood of bad tokens fills no log.
  static constexpr uint64_t kLoggedAMinute = 60;

  ~Authenticator();

  // Failures of `exempt`, the proxies that many clients share, are not limited.
  static absl::StatusOr<std::unique_ptr<Authenticator>> Open(const AuthFlags& flags, Clock& clock,
                                                             CidrList exempt = {});
  // Verifies with keys from elsewhere, which the caller has loaded.
  static std::unique_ptr<Authenticator> Over(std::unique_ptr<KeySource> keys, TokenRules rules,
                                             Clock& clock, CidrList exempt = {});
  // Authentication is off.
  static std::unique_ptr<Authenticator> Off(Clock& clock);
  // One that is off, for parts that are used without a program around them.
  static const Authenticator& None();

  bool on() const { return verifier_ != nullptr; }
  // Nothing: no token came. The tokens of a client's address that are refused are limited; without
  // an address they are not.
  absl::StatusOr<SubjectPtr> Authenticate(std::optional<std::string_view> token,
                                          const IpAddress& client = {}) const;
  // The same for the value of an Authorization field.
  absl::StatusOr<SubjectPtr> AuthenticateHeader(std::optional<std::string_view> value,
                                                const IpAddress& client = {}) const;

  // When what a subject has opened ends: exp and the leeway after it.
  absl::Time EndOf(const Subject& subject) const;
  bool HasEnded(const Subject& subject) const { return clock_.Now() >= EndOf(subject); }

  // Reads the keys again now, in the background.
  void Reload();

  uint64_t accepted() const { return accepted_.load(std::memory_order_relaxed); }
  const FailureLimiter& failures() const { return failures_; }
  SubjectLimits& limits() const { return limits_; }
  uint64_t refused(Refusal refusal) const {
    return refused_[static_cast<size_t>(refusal)].load(std::memory_order_relaxed);
  }
  // Of the keys; nothing where authentication is off.
  std::optional<KeySource::State> keys() const;

 private:
  static constexpr size_t kRefusals = static_cast<size_t>(Refusal::kKeysAway) + 1;

  Authenticator(Clock& clock, CidrList exempt);
  absl::Status Refused(absl::Status refusal, const IpAddress& client) const;
  bool MayLog() const;

  Clock& clock_;
  std::unique_ptr<KeySource> keys_;
  std::unique_ptr<TokenVerifier> verifier_;  // null: off
  mutable FailureLimiter failures_;
  mutable SubjectLimits limits_;
  mutable std::atomic<uint64_t> accepted_{0};
  mutable std::array<std::atomic<uint64_t>, kRefusals> refused_{};
  mutable std::atomic<int64_t> minute_{0};
  mutable std::atomic<uint64_t> logged_{0};
};

// The end of what was opened with a token that has run out since.
absl::Status TokenRanOut();

}  // namespace tocsin
