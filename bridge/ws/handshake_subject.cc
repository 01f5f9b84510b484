#include "bridge/ws/handshake_subject.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "bridge/ws/handshake.h"
#include "core/auth/bearer.h"
#include "core/auth/refusal.h"
#include "core/base/strings.h"
#include "core/event/error.h"

namespace tocsin::bridge::ws {
namespace {

constexpr std::string_view kCredential = "bearer.";

bool IsBearer(std::string_view authorization) {
  const absl::StatusOr<std::string_view> token = BearerToken(authorization);
  return token.ok() || RefusalOf(token.status()) != Refusal::kMissing;
}

}  // namespace

absl::StatusOr<SubjectPtr> SubjectOfHandshake(const Authenticator& authenticator,
                                              const http::HttpRequest& request) {
  if (!authenticator.on()) {
    return Subject::Anyone();
  }
  std::vector<std::string_view> headers;
  for (const http::Field& field : request.fields) {
    if (absl::EqualsIgnoreCase(field.name, "Authorization") && IsBearer(field.value)) {
      headers.emplace_back(field.value);
    }
  }
  std::vector<std::string_view> offered = OfferedSubprotocols(request);
  std::erase_if(offered, [](std::string_view each) { return !IsCredential(each); });
  if (headers.size() + offered.size() > 1) {
    return MakeError(ErrorCode::kInvalidMessage, "more than one token: send one, in one place");
  }
  if (!headers.empty()) {
    return authenticator.AuthenticateHeader(headers.front(), request.client);
  }
  return offered.empty() ? absl::StatusOr<SubjectPtr>(SubjectPtr())
                         : authenticator.Authenticate(offered.front().substr(kCredential.size()),
                                                      request.client);
}

bool IsCredential(std::string_view offered) {
  return absl::StartsWithIgnoreCase(ToAbsl(offered), ToAbsl(kCredential));
}

bool OffersCredentialsOnly(const http::HttpRequest& request) {
  const auto offered = OfferedSubprotocols(request);
  return !offered.empty() && std::ranges::all_of(offered, IsCredential);
}

}  // namespace tocsin::bridge::ws
