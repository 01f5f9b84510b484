// read_incidents.h: GET /v1/incidents, GET /v1/incidents/{id} and GET /v1/incidents/{id}/events.
//
// Threads: on the worker the request is read; the rest is done by HubCalls' thread.
// Errors:  the table's, with the parameter's name; NOT_FOUND for an incident that is not known, or
//          that the caller may not see.
#pragma once

#include "bridge/upstream/hub_calls.h"
#include "core/http/route_table.h"

namespace tocsin::bridge {

http::Handler ListIncidents(HubCalls& calls);
// With If-None-Match: 304 where the client has the incident as it is.
http::Handler GetIncident(HubCalls& calls);
// The incident's events in the log: its retention is not that of incidents, so that the oldest may
// be gone. An incident that is not known and has no event is NOT_FOUND.
http::Handler ListIncidentEvents(HubCalls& calls);

}  // namespace tocsin::bridge
