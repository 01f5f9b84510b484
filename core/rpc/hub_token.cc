#include "core/rpc/hub_token.h"

#include <grpcpp/support/status.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/auth/compact_token.h"
#include "core/base/bounded_file.h"
#include "core/base/listen_address.h"
#include "core/base/log.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"

namespace tocsin::rpc {
namespace {

// A line's end after the token, as editors and shells leave it.
constexpr size_t kFileBytes = CompactToken::kMaxBytes + 2;

// What gRPC does not take as metadata would end the program.
absl::StatusOr<std::string> ReadToken(std::string_view text, std::string_view where) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  const bool is_one = !text.empty() && text.size() <= CompactToken::kMaxBytes &&
                      std::all_of(text.begin(), text.end(),
                                  [](unsigned char c) { return c > ' ' && c < 0x7f && c != ','; });
  return is_one ? absl::StatusOr<std::string>(std::string(text))
                : absl::InvalidArgumentError(absl::StrCat(
                      ToAbsl(where), " holds no token; allowed: one token, of at most ",
                      CompactToken::kMaxBytes, " bytes, and nothing else"));
}

absl::StatusOr<std::string> ReadTokenFile(const std::string& name) {
  ASSIGN_OR_RETURN(const std::string text, ReadBoundedFile(name, kFileBytes));
  return ReadToken(text, name);
}

// As gRPC names what it connects to.
bool StaysOnThisMachine(std::string_view hub) {
  if (hub.starts_with("unix:")) {
    return true;
  }
  for (const std::string_view scheme : {"dns:///", "dns:", "ipv4:", "ipv6:"}) {
    if (hub.starts_with(scheme)) {
      hub.remove_prefix(scheme.size());
      break;
    }
  }
  std::string_view host = hub.substr(0, hub.rfind(':'));
  if (hub.starts_with("[")) {
    host = hub.substr(1, hub.find(']') - 1);
  }
  return hub.find(',') == std::string_view::npos &&
         ListenAddress{.host = std::string(host)}.IsLoopback();
}

}  // namespace

HubToken::HubToken(std::string file, std::string token, Clock& clock)
    : clock_(clock),
      file_(std::move(file)),
      token_(std::move(token)),
      read_at_(clock.Monotonic()) {}

absl::StatusOr<HubTokenPtr> HubToken::OfFile(const std::string& name, Clock& clock) {
  ASSIGN_OR_RETURN(std::string token, ReadTokenFile(name));
  return std::make_shared<const HubToken>(name, std::move(token), clock);
}

absl::StatusOr<HubTokenPtr> HubToken::OfText(std::string_view text, std::string_view setting) {
  ASSIGN_OR_RETURN(std::string token, ReadToken(text, setting));
  return std::make_shared<const HubToken>("", std::move(token), Clock::Real());
}

std::string HubToken::Authorization() const {
  MutexLock lock(mutex_);
  if (const absl::Duration now = clock_.Monotonic();
      may_change() && now - read_at_ >= kReadEvery && !Planted("token-read-once")) {
    read_at_ = now;
    ReadAgain();
  }
  return absl::StrCat("Bearer ", token_);
}

void HubToken::ReadAgain() const {
  absl::StatusOr<std::string> token = ReadTokenFile(file_);
  if (token.ok()) {
    token_ = *std::move(token);
  } else if (!failed_) {
    LogWarning("the token's file cannot be read; the last token stays in use",
               {{"error", token.status()}});
  }
  failed_ = !token.ok();
}

HubContext::HubContext(const HubTokenPtr& token) {
  if (token != nullptr) {
    AddMetadata("authorization", token->Authorization());
  }
}

bool TokenRefused(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAUTHENTICATED;
}

absl::StatusOr<HubTokenPtr> HubTokenFlags::Open(std::string_view hub, bool tls,
                                                std::string_view flag) const {
  if (file.empty() && text.empty()) {
    return HubTokenPtr();
  }
  if (!tls && !in_the_clear && !StaysOnThisMachine(hub)) {
    return absl::FailedPreconditionError(absl::StrCat(
        ToAbsl(flag), ": the token would go to ", ToAbsl(hub),
        " in the clear, and whoever sees the connection would have it. Use --hub-tls; or insist "
        "with --hub-insecure"));
  }
  return file.empty() ? HubToken::OfText(text, "TOCSIN_TOKEN") : HubToken::OfFile(file);
}

}  // namespace tocsin::rpc
