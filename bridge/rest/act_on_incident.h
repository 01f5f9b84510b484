// act_on_incident.h: POST /v1/incidents/{id}/resolve, …/comments, …/assign and …/escalate: what is
// done to an incident, each as the event of its kind.
//
// Shape:   the body has the fields of the event's payload, and `actor`. Answered with the incident
//          as it then is.
// Threads: on the worker only the head is looked at; the rest is done by HubCalls' thread.
// Errors:  the table's, with the field as the body has it; 412 where If-Match does not match.
#pragma once

#include "bridge/upstream/hub_calls.h"
#include "core/http/route_table.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::bridge {

// Of types incident_resolved, comment_added, assignment_changed and escalated.
http::Handler ActOnIncident(HubCalls& calls, v1::EventType type);

}  // namespace tocsin::bridge
