#include "bridge/http/upgrade.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/ws/handshake.h"
#include "bridge/ws/handshake_subject.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/http/problem.h"

namespace tocsin::bridge {
namespace {

using http::HttpRequest;
using http::HttpResponse;

HttpResponse OfferMore(const Spoken& spoken) {
  return http::ProblemResponse(http::Refusal{
      400,
      absl::StrCat("offer the subprotocol ", ToAbsl(spoken.subprotocol), " beside the token")});
}

// The session counts itself once it has begun: a few that come at the same time may have to be told
// there.
absl::Status MayEnter(const BridgeState& state, const Authenticator& authenticator,
                      const absl::StatusOr<SubjectPtr>& subject) {
  RETURN_IF_ERROR(subject.status());
  if (const auto why = WhyNotReady(state)) {
    return *why;
  }
  return *subject == nullptr ? absl::OkStatus()
                             : authenticator.limits().Check(**subject, Held::kConnection);
}

}  // namespace

void Upgrade(const BridgeState& state, ws::SessionContext& sessions, const Spoken& spoken,
             const HttpRequest& request, http::Responder responder, ServeSession serve) {
  auto refusal = ws::RefuseHandshake(request);
  const bool token_counts = sessions.authenticator.on() || spoken.required;
  if (!refusal.has_value() && token_counts && ws::OffersCredentialsOnly(request)) {
    refusal = OfferMore(spoken);
  }
  absl::StatusOr<SubjectPtr> subject = SubjectPtr();
  if (!refusal.has_value()) {
    subject = ws::SubjectOfHandshake(sessions.authenticator, request);
    const absl::Status let_in = MayEnter(state, sessions.authenticator, subject);
    if (!let_in.ok()) {
      refusal = http::ProblemResponse(let_in);
    }
  }
  if (refusal.has_value()) {
    sessions.metrics.connection_errors.Increment();
    return std::move(responder).Respond(*std::move(refusal));
  }
  serve(std::move(responder).TakeOver(), *std::move(subject));
}

}  // namespace tocsin::bridge
