#include "bridge/http/routes.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/events/events_route.h"
#include "bridge/http/publish_events.h"
#include "bridge/ws/handshake.h"
#include "bridge/ws/ws_connection.h"
#include "core/base/strings.h"
#include "core/base/version.h"
#include "core/event/error.h"
#include "core/event/limits.h"
#include "core/http/problem.h"

namespace tocsin::bridge {
namespace {

using http::HttpRequest;
using http::HttpResponse;
using http::Responder;

std::string_view HubWord(const BridgeState& state) {
  return state.hub_connected.load() ? "connected"
         : state.window_open.load() ? "reconnecting"
                                    : "connecting";
}

HttpResponse Health(const BridgeState& state, bool only_alive) {
  const bool draining = state.draining.load();
  const bool ok = only_alive || (state.hub_connected.load() && !draining);
  const std::string_view status = draining ? "draining" : ok ? "ok" : "unavailable";
  return {
      .status = ok ? 200 : 503,
      .content_type = "application/json",
      .body = absl::StrCat(R"({"status":")", ToAbsl(status), R"(","version":")", ToAbsl(Version()),
                           R"(","uptime_seconds":)", absl::ToInt64Seconds(state.Uptime()),
                           R"(,"hub":")", ToAbsl(HubWord(state)), "\"}\n"),
      .fields = {{"Cache-Control", "no-store"}}};
}

void Upgrade(const BridgeState& state, Worker& worker, const HttpRequest& request,
             Responder responder) {
  auto refusal = ws::RefuseHandshake(request);
  if (const auto why = WhyNotReady(state); why.has_value() && !refusal.has_value()) {
    refusal = http::ProblemResponse(*why);
  }
  if (refusal.has_value()) {
    worker.sessions().metrics.connection_errors.Increment();
    return std::move(responder).Respond(*std::move(refusal));
  }
  http::TakenOver taken = std::move(responder).TakeOver();
  ws::ServeWebSocket(worker, std::move(taken.stream), request, std::move(taken.ticket));
}

}  // namespace

std::optional<absl::Status> WhyNotReady(const BridgeState& state) {
  const char* why = state.draining.load() ? "the server is going down"
                    : !state.window_open.load()
                        ? "the hub has not been reached yet; try again shortly"
                        : nullptr;
  if (why == nullptr) {
    return std::nullopt;
  }
  return MakeError(ErrorCode::kServiceUnavailable, why, {.retry_after = absl::Seconds(1)});
}

http::RouteTable BridgeRoutes(const RouteSources& sources, Worker& worker, HubCalls& calls) {
  const BridgeState& state = sources.state;
  const auto ready =
      http::AtOnce([&state](const HttpRequest&) { return Health(state, /*only_alive=*/false); });
  return http::RouteTable({
      {.name = "webSocket",
       .summary = "Subscriptions over a WebSocket.",
       .method = "GET",
       .pattern = "/ws",
       .handler =
           [&state, &worker](HttpRequest& request, Responder responder) {
             Upgrade(state, worker, request, std::move(responder));
           }},
      {.name = "streamEvents",
       .summary = "Events that match a filter, as server-sent events or lines of JSON.",
       .method = "GET",
       .pattern = "/v1/events",
       .handler = EventsHandler(state, worker)},
      {.name = "publishEvents",
       .summary = "Publishes one event or an array of them, together or not at all.",
       .method = "POST",
       .pattern = "/v1/events",
       .max_body_bytes = limits::kPublishBytes,
       .handler = PublishEvents(calls)},
      {.name = "health",
       .summary = "Whether the bridge serves and its hub is connected.",
       .method = "GET",
       .pattern = "/health",
       .handler = ready},
      {.name = "healthReady",
       .summary = "As /health.",
       .method = "GET",
       .pattern = "/health/ready",
       .handler = ready},
      {.name = "healthLive",
       .summary = "Whether the process answers.",
       .method = "GET",
       .pattern = "/health/live",
       .handler = http::AtOnce(
           [&state](const HttpRequest&) { return Health(state, /*only_alive=*/true); })},
      {.name = "metrics",
       .summary = "Metrics in Prometheus' text form.",
       .method = "GET",
       .pattern = "/metrics",
       .handler = http::AtOnce([metrics = sources.metrics](const HttpRequest&) {
         return HttpResponse{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                             .body = metrics()};
       })},
  });
}

}  // namespace tocsin::bridge
