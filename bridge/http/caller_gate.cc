#include "bridge/http/caller_gate.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/http/url_token.h"
#include "core/base/check.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/http/problem.h"
#include "core/http/route_table.h"

namespace tocsin::bridge {
namespace {

using http::Access;
using http::HttpRequest;
using http::HttpResponse;

// Of several fields, the list that they are (RFC 9110, section 5.3), which is no Authorization.
std::optional<std::string> AuthorizationOf(const HttpRequest& request) {
  std::optional<std::string> value;
  for (const http::Field& field : request.fields) {
    if (absl::EqualsIgnoreCase(field.name, "Authorization")) {
      if (value && Planted("first-authorization-counts")) break;
      value = value ? absl::StrCat(*value, ", ", field.value) : field.value;
    }
  }
  return value;
}

absl::Status CheckPublish(const Permission& permission, int type) {
  if (type != 0 && !Planted("route-type-not-checked")) {
    return permission.CheckPublish(static_cast<v1::EventType>(type));
  }
  return permission.MayPublishAny()
             ? absl::OkStatus()
             : MakeError(ErrorCode::kForbidden, "the token does not allow publishing");
}

absl::Status CheckAllowed(const http::Route& route, const Permission& permission) {
  switch (route.access) {
    case Access::kSubscribe:
      return permission.CheckSubscribe();
    case Access::kPublish:
      return CheckPublish(permission, route.publishes);
    case Access::kAdminister:
      return permission.CheckAdminister();
    case Access::kToken:
      return absl::OkStatus();
    case Access::kAnyone:
    case Access::kSession:
    case Access::kNobody:
      break;
  }
  return Planted("route-without-row")
             ? absl::OkStatus()
             : MakeError(ErrorCode::kForbidden, "nobody may use this route");
}

SubjectPtr Nobody() {
  static const SubjectPtr nobody = std::make_shared<const Subject>();
  return nobody;
}

}  // namespace

std::optional<HttpResponse> CallerGate::RefuseTarget(const HttpRequest& request) const {
  if (!authenticator_.on() || Planted("token-in-url-accepted")) {
    return std::nullopt;
  }
  const absl::Status status = RefuseTokenInUrl(request.target);
  return status.ok() ? std::nullopt : std::optional(http::ProblemResponse(status));
}

std::optional<HttpResponse> CallerGate::RefuseCaller(const http::Route& route,
                                                     HttpRequest& request) const {
  const absl::StatusOr<SubjectPtr> subject = Admit(route, request);
  if (subject.ok()) {
    request.subject = *subject;
    return std::nullopt;
  }
  if (route.refusal == nullptr) {
    return http::ProblemResponse(subject.status());
  }
  HttpResponse response = route.refusal(request, subject.status());
  http::AddChallenge(response, subject.status());
  return response;
}

absl::StatusOr<SubjectPtr> CallerGate::Admit(const http::Route& route,
                                             const HttpRequest& request) const {
  if (!authenticator_.on()) {
    return Subject::Anyone();
  }
  if (!NeedsToken(route.access) || Planted("route-asks-no-token")) {
    return Nobody();
  }
  ASSIGN_OR_RETURN(SubjectPtr subject,
                   authenticator_.AuthenticateHeader(AuthorizationOf(request), request.client));
  if (!Planted("route-permission-not-checked")) {
    RETURN_IF_ERROR(CheckAllowed(route, subject->permission));
  }
  if (route.access == Access::kPublish && !Planted("route-publishes-uncounted")) {
    RETURN_IF_ERROR(authenticator_.limits().Publish(*subject));
  }
  return subject;
}

const SubjectPtr& SubjectOf(const HttpRequest& request) {
  TOCSIN_CHECK(request.subject != nullptr);
  return request.subject;
}

}  // namespace tocsin::bridge
