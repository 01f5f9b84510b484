// write_incidents.h: POST /v1/incidents, PUT and PATCH /v1/incidents/{id}, and POST
// /v1/incidents/{id}/resolve, …/comments, …/assign and …/escalate.
//
// Shape:   what a body has, and what it comes to, is incident_plans.h's to say. Answered with the
//          incident as it then is.
// Threads: on the worker only the head is looked at; the rest is done by HubCalls' thread.
// Errors:  the table's, with the field as the body has it ("severity"); 412 where If-Match does
//          not.
#pragma once

#include "bridge/upstream/hub_calls.h"
#include "core/http/route_table.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::bridge {

http::Handler CreateIncident(HubCalls& calls);
http::Handler ReplaceIncident(HubCalls& calls);
http::Handler PatchIncident(HubCalls& calls);
// Of types incident_resolved, comment_added, assignment_changed and escalated.
http::Handler ActOnIncident(HubCalls& calls, v1::EventType type);

}  // namespace tocsin::bridge
