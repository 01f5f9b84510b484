// api_docs.h: what the bridge's routes take and answer, as their rows of the table have it, and the
// schemas that they refer to.
//
// Shape:   schemas of events, incidents, alerts and of what is read of them are made from the
//          tables by which they are written and read (core/event/json_schema.h, json_input.h).
// Threads: pure.
// Source:  docs/protocol.md, section 7.
#pragma once

#include <string>

#include "core/http/route_table.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::bridge {

http::RouteDoc StreamEventsDoc();
http::RouteDoc PublishEventsDoc();
http::RouteDoc SubmitAlertDoc();
http::RouteDoc ListIncidentsDoc();
http::RouteDoc ListIncidentEventsDoc();
http::RouteDoc GetIncidentDoc();
http::RouteDoc CreateIncidentDoc();
http::RouteDoc ReplaceIncidentDoc();
http::RouteDoc PatchIncidentDoc();
http::RouteDoc ActOnIncidentDoc(v1::EventType type);

// {"schemas":{…}}
std::string ApiComponents();

// Adds GET /openapi.json, which describes all rows, itself among them.
void AddApiDocument(std::vector<http::Route>& routes);

}  // namespace tocsin::bridge
