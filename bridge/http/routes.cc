#include "bridge/http/routes.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "bridge/alerts/alert_sources.h"
#include "bridge/events/events_route.h"
#include "bridge/graphql/executor.h"
#include "bridge/graphql/http/graphql_routes.h"
#include "bridge/graphql_ws/graphql_ws_route.h"
#include "bridge/http/api_docs.h"
#include "bridge/http/caller_gate.h"
#include "bridge/http/publish_events.h"
#include "bridge/playground/playground.h"
#include "bridge/rest/read_incidents.h"
#include "bridge/rest/submit_alert.h"
#include "bridge/rest/write_incidents.h"
#include "bridge/ws/ws_route.h"
#include "core/event/error.h"
#include "core/event/limits.h"
#include "core/http/ops_routes.h"
#include "core/http/problem.h"

namespace tocsin::bridge {
namespace {

using http::Access;
using http::HttpResponse;

std::string_view HubWord(const BridgeState& state) {
  return state.hub_connected.load() ? "connected"
         : state.window_open.load() ? "reconnecting"
                                    : "connecting";
}

http::Health HealthOf(const BridgeState& state) {
  const bool draining = state.draining.load();
  std::string late = state.pulse.Late();
  const bool ready = state.hub_connected.load() && !draining && late.empty();
  http::Health health{.ready = ready,
                      .status = draining        ? "draining"
                                : !late.empty() ? "stuck"
                                : ready         ? "ok"
                                                : "unavailable",
                      .uptime = state.Uptime(),
                      .details = {{"hub", std::string(HubWord(state))}}};
  if (!late.empty()) {
    health.details.push_back({"reason", std::move(late)});
  } else if (state.hub_refuses_token.load()) {
    health.details.push_back({"reason", "the hub refuses this bridge's token"});
  }
  return health;
}

// ---- the groups ----

using Routes = std::vector<http::Route>;

void AddEventRoutes(const RouteSources& sources, Worker& worker, Routes& routes) {
  const BridgeState& state = sources.state;
  routes.push_back({.name = "webSocket",
                    .summary = "Subscriptions over a WebSocket.",
                    .method = "GET",
                    .pattern = "/ws",
                    .access = Access::kSession,
                    .handler = ws::WebSocketHandler(state, worker),
                    .doc = WebSocketDoc()});
  routes.push_back(
      {.name = "streamEvents",
       .summary = "Events that match a filter, as server-sent events or lines of JSON.",
       .method = "GET",
       .pattern = "/v1/events",
       .access = Access::kSubscribe,
       .handler = EventsHandler(sources, worker),
       .doc = StreamEventsDoc()});
  routes.push_back({.name = "publishEvents",
                    .summary = "Publishes one event or an array of them, together or not at all.",
                    .method = "POST",
                    .pattern = "/v1/events",
                    .max_body_bytes = limits::kPublishBytes,
                    .access = Access::kPublish,
                    .handler = PublishEvents(sources.calls),
                    .doc = PublishEventsDoc()});
}

void AddAlertRoutes(const RouteSources& sources, Routes& routes) {
  routes.push_back({.name = "submitAlert",
                    .summary = "Takes an alert in, which opens an incident or joins an active one.",
                    .method = "POST",
                    .pattern = "/v1/alerts",
                    .max_body_bytes = limits::kEventBytes,
                    .access = Access::kPublish,
                    .publishes = v1::EVENT_TYPE_ALERT_RECEIVED,
                    .handler = SubmitAlert(sources.calls, sources.alerts),
                    .doc = SubmitAlertDoc()});
}

void AddAlertSourceRoutes(const RouteSources& sources, Worker& worker, Routes& routes) {
  std::ranges::move(AlertSourceRoutes({.calls = sources.calls,
                                       .intake = sources.alerts,
                                       .mapping = sources.alert_mapping,
                                       .metrics = worker.sessions().metrics}),
                    std::back_inserter(routes));
}

void AddExplainRoute(const RouteSources& sources, Routes& routes) {
  routes.push_back({.name = "explain",
                    .summary = "Which field of a filter lets events through or stops them.",
                    .method = "POST",
                    .pattern = "/v1/explain",
                    .max_body_bytes = 2 * limits::kEventBytes,
                    .access = Access::kSubscribe,
                    .handler = Explain(sources.calls, sources.explain_session),
                    .doc = ExplainDoc()});
}

void AddIncidentRoutes(const RouteSources& sources, Routes& routes) {
  HubCalls& calls = sources.calls;
  const auto add = [&](std::string_view name, std::string_view summary, std::string_view method,
                       std::string_view pattern, int publishes, http::Handler handler,
                       http::RouteDoc doc) {
    routes.push_back({.name = name,
                      .summary = summary,
                      .method = method,
                      .pattern = pattern,
                      .max_body_bytes = method == "GET" ? 0 : limits::kEventBytes,
                      .access = method == "GET" ? Access::kSubscribe : Access::kPublish,
                      .publishes = publishes,
                      .handler = std::move(handler),
                      .doc = std::move(doc)});
  };
  const auto add_action = [&](std::string_view name, std::string_view summary,
                              std::string_view pattern, v1::EventType type) {
    add(name, summary, "POST", pattern, type, ActOnIncident(calls, type), ActOnIncidentDoc(type));
  };
  constexpr int kByTheChange = 0;
  constexpr std::string_view kAll = "/v1/incidents";
  constexpr std::string_view kOne = "/v1/incidents/{id}";
  add("listIncidents", "The incidents that match a filter, a page at a time.", "GET", kAll, 0,
      ListIncidents(calls), ListIncidentsDoc());
  add("createIncident", "Creates an incident.", "POST", kAll, v1::EVENT_TYPE_INCIDENT_CREATED,
      CreateIncident(calls), CreateIncidentDoc());
  add("getIncident", "An incident with its timeline, notes and alerts.", "GET", kOne, 0,
      GetIncident(calls), GetIncidentDoc());
  add("replaceIncident", "Replaces an incident's fields.", "PUT", kOne, kByTheChange,
      ReplaceIncident(calls), ReplaceIncidentDoc());
  add("patchIncident", "Changes the fields of an incident that a merge patch names.", "PATCH", kOne,
      kByTheChange, PatchIncident(calls), PatchIncidentDoc());
  add_action("resolveIncident", "Resolves an incident.", "/v1/incidents/{id}/resolve",
             v1::EVENT_TYPE_INCIDENT_RESOLVED);
  add_action("commentOnIncident", "Adds a comment to an incident.", "/v1/incidents/{id}/comments",
             v1::EVENT_TYPE_COMMENT_ADDED);
  add_action("assignIncident", "Sets who an incident is assigned to.", "/v1/incidents/{id}/assign",
             v1::EVENT_TYPE_ASSIGNMENT_CHANGED);
  add_action("escalateIncident", "Changes an incident's severity, with a reason.",
             "/v1/incidents/{id}/escalate", v1::EVENT_TYPE_ESCALATED);
  add("listIncidentEvents", "An incident's events in the log, a page at a time.", "GET",
      "/v1/incidents/{id}/events", 0, ListIncidentEvents(calls), ListIncidentEventsDoc());
}

void AddGraphqlRoutes(const RouteSources& sources, Worker& worker, Routes& routes) {
  const BridgeState& state = sources.state;
  const auto health = [&state] {
    const http::Health now = HealthOf(state);
    return graphql::HealthNow{.status = now.status,
                              .hub = std::string(HubWord(state)),
                              .uptime_seconds = absl::ToDoubleSeconds(now.uptime)};
  };
  const graphql::ExecutionSources execution{.calls = sources.calls,
                                            .alerts = sources.alerts,
                                            .clock = worker.clock(),
                                            .health = health,
                                            .authenticator = sources.authenticator};
  std::ranges::move(graphql::Routes(execution, sources, worker), std::back_inserter(routes));
  routes.push_back({.name = "graphqlWebSocket",
                    .summary = "GraphQL over a WebSocket: subscriptions, queries and mutations.",
                    .method = "GET",
                    .pattern = "/graphql/ws",
                    .access = Access::kSession,
                    .handler = graphql_ws::WebSocketHandler(
                        state, worker,
                        [execution](SubjectPtr subject, auto prepared, auto done) {
                          execution.calls.Run([execution, subject = std::move(subject),
                                               prepared = std::move(prepared),
                                               done = std::move(done)]() mutable {
                            graphql::Execute(execution, std::move(subject), std::move(prepared),
                                             std::move(done));
                          });
                        }),
                    .doc = GraphqlWebSocketDoc()});
  if (sources.playground) {
    std::ranges::move(playground::Routes(), std::back_inserter(routes));
  }
}

void AddOpsRoutes(const RouteSources& sources, Routes& routes) {
  const BridgeState& state = sources.state;
  std::ranges::move(
      http::OpsRoutes({.ready_means = "Whether the bridge serves and its hub is connected.",
                       .health = [&state] { return HealthOf(state); },
                       .metrics = sources.metrics}),
      std::back_inserter(routes));
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

http::RouteTable BridgeRoutes(const RouteSources& sources, Worker& worker) {
  std::vector<http::Route> routes;
  AddEventRoutes(sources, worker, routes);
  AddAlertRoutes(sources, routes);
  AddAlertSourceRoutes(sources, worker, routes);
  AddExplainRoute(sources, routes);
  AddIncidentRoutes(sources, routes);
  AddGraphqlRoutes(sources, worker, routes);
  AddOpsRoutes(sources, routes);
  AddApiDocument(routes, sources.authenticator.on());
  return http::RouteTable(std::move(routes), std::make_shared<CallerGate>(sources.authenticator));
}

}  // namespace tocsin::bridge
