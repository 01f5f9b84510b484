// caller_gate.h: the one place where the callers of the bridge's routes are known and let in.
//
// Shape:   a request's token is looked at once, when its head has come and before its body is read.
//          The subject goes with the request (SubjectOf). Where authentication is off, whatever
//          credentials come are passed over, and everyone is Subject::Anyone().
// Threads: safe.
// Owns:    nothing; the authenticator outlives it.
// Errors:  UNAUTHENTICATED without a token, UNAUTHORIZED for a bad one, or one in the URL; FORBIDDEN
//          where the token does not allow what the route needs; RATE_LIMIT_EXCEEDED where its subject
//          publishes too often.
// Source:  docs/protocol.md, section 8; RFC 6750.
#pragma once

#include <optional>

#include "core/auth/authenticator.h"
#include "core/auth/subject.h"
#include "core/http/message.h"
#include "core/http/route_gate.h"

namespace tocsin::bridge {

class CallerGate final : public http::RouteGate {
 public:
  explicit CallerGate(const Authenticator& authenticator) : authenticator_(authenticator) {}

  std::optional<http::HttpResponse> RefuseTarget(const http::HttpRequest& request) const override;
  std::optional<http::HttpResponse> RefuseCaller(const http::Route& route,
                                                 http::HttpRequest& request) const override;

 private:
  absl::StatusOr<SubjectPtr> Admit(const http::Route& route,
                                   const http::HttpRequest& request) const;

  const Authenticator& authenticator_;
};

// Who sent a request that has passed the gate. Of a route that asks for no token: one who may do
// nothing.
const SubjectPtr& SubjectOf(const http::HttpRequest& request);

}  // namespace tocsin::bridge
