// api_docs.h: what the bridge's routes take and answer, as their rows of the table have it, and the
// schemas that they refer to.
//
// Shape:   events, Explain and the WebSocket are in api_docs.cc, the others in incident_docs.cc,
//          alert_docs.cc, graphql_docs.cc and, what the hub and the bridge both have, core/http/ops_routes; the
//          query's parameters come from what reads them. Schemas (api_schemas.cc) of events, incidents, alerts and of what is read of them are made from the
//          tables by which they are written and read (core/event/json_schema.h, json_input.h).
// Threads: pure.
// Source:  docs/protocol.md, section 7.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/route_table.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::bridge {

http::RouteDoc WebSocketDoc();
http::RouteDoc GraphqlWebSocketDoc();
http::RouteDoc StreamEventsDoc();
http::RouteDoc PublishEventsDoc();
http::RouteDoc ExplainDoc();
http::RouteDoc GraphqlDoc();
http::RouteDoc GraphqlQueryDoc();
http::RouteDoc GraphqlSchemaDoc();
http::RouteDoc SubmitAlertDoc();
http::RouteDoc AlertWebhookDoc();  // Alertmanager's and Grafana's
http::RouteDoc PrometheusAlertsDoc();
http::RouteDoc OnCallDoc();
enum class PagerDutyKind : uint8_t { kAlert, kChange };
http::RouteDoc PagerDutyDoc(PagerDutyKind kind);
http::RouteDoc ListIncidentsDoc();
http::RouteDoc ListIncidentEventsDoc();
http::RouteDoc GetIncidentDoc();
http::RouteDoc CreateIncidentDoc();
http::RouteDoc ReplaceIncidentDoc();
http::RouteDoc PatchIncidentDoc();
http::RouteDoc ActOnIncidentDoc(v1::EventType type);

// Of the body of what is done to an incident.
std::string_view ActionSchemaName(v1::EventType type);
// {"schemas":{…}}
std::string ApiComponents();

// Adds GET /openapi.json, which describes all rows, itself among them.
void AddApiDocument(std::vector<http::Route>& routes, bool authenticates);

}  // namespace tocsin::bridge
