#include "bridge/http/upgrade.h"

#include <utility>

#include "bridge/ws/handshake.h"
#include "core/http/problem.h"

namespace tocsin::bridge {

void Upgrade(const BridgeState& state, Metrics& metrics, const http::HttpRequest& request,
             http::Responder responder, absl::FunctionRef<void(http::TakenOver)> serve) {
  auto refusal = ws::RefuseHandshake(request);
  if (const auto why = WhyNotReady(state); why.has_value() && !refusal.has_value()) {
    refusal = http::ProblemResponse(*why);
  }
  if (refusal.has_value()) {
    metrics.connection_errors.Increment();
    return std::move(responder).Respond(*std::move(refusal));
  }
  serve(std::move(responder).TakeOver());
}

}  // namespace tocsin::bridge
