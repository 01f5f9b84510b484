// write_incidents.h: POST /v1/incidents, PUT and PATCH /v1/incidents/{id}.
//
// Shape:   the body has an incident's fields, those that are a client's to set, and `actor`. PUT
//          replaces them all, PATCH changes those that it names (RFC 7396); the event is
//          incident_updated, or incident_resolved or incident_closed where that is the new state.
//          What changes nothing publishes nothing. Answered with the incident as it then is.
// Threads: on the worker only the head is looked at; the rest is done by HubCalls' thread.
// Errors:  the table's, with the field as the body has it ("severity"); 412 where If-Match does
//          not.
#pragma once

#include "bridge/upstream/hub_calls.h"
#include "core/http/route_table.h"

namespace tocsin::bridge {

http::Handler CreateIncident(HubCalls& calls);
http::Handler ReplaceIncident(HubCalls& calls);
http::Handler PatchIncident(HubCalls& calls);

}  // namespace tocsin::bridge
