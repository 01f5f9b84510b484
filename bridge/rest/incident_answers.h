// incident_answers.h: incidents and pages of them as answers.
//
// Threads: pure.
// Source:  docs/protocol.md, section 7.
#pragma once

#include <cstdint>

#include "bridge/rest/incident_change.h"
#include "core/http/message.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::bridge {

// The incident as JSON, with its ETag.
http::HttpResponse IncidentAnswer(const v1::GetIncidentResponse& response, int status = 200);
// 304: the client has it as it is.
http::HttpResponse NotModified(const v1::GetIncidentResponse& response);
// The incident as it now is, 201 where it is new; 412 with the incident where If-Match does not let
// the change through; 202 where the change is made, but the incident cannot be read, or
// not by the caller.
http::HttpResponse ChangeAnswer(const IncidentChange::Outcome& outcome, bool is_new);

// Why the incident of a change that is made is not shown (Outcome::unseen), for its caller: FORBIDDEN
// or SERVICE_UNAVAILABLE.
absl::Status Unseen(const absl::Status& why);

// {"incidents","total","page","page_size","next_page_token"}
http::HttpResponse IncidentsAnswer(const v1::ListIncidentsResponse& response, uint32_t page,
                                   uint32_t page_size);
// {"events","next_page_token","cursor"}
http::HttpResponse EventsAnswer(const v1::ListEventsResponse& response);

}  // namespace tocsin::bridge
