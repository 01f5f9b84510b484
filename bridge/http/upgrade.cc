#include "bridge/http/upgrade.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/ws/handshake.h"
#include "bridge/ws/handshake_subject.h"
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
    if (const auto why = WhyNotReady(state); !subject.ok() || why.has_value()) {
      refusal = http::ProblemResponse(subject.ok() ? *why : subject.status());
    }
  }
  if (refusal.has_value()) {
    sessions.metrics.connection_errors.Increment();
    return std::move(responder).Respond(*std::move(refusal));
  }
  serve(std::move(responder).TakeOver(), *std::move(subject));
}

}  // namespace tocsin::bridge
