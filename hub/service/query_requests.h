// query_requests.h: checks the requests of queries and compiles their filters.
//
// Threads: pure.
// Errors:  INVALID_MESSAGE or INVALID_FILTER with the field's path and what is allowed.
#pragma once

#include "absl/status/statusor.h"
#include "hub/query/event_queries.h"
#include "hub/query/incident_queries.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::hub {

absl::StatusOr<IncidentLookup> ReadGetIncident(const v1::GetIncidentRequest& request);
absl::StatusOr<IncidentListing> ReadListIncidents(const v1::ListIncidentsRequest& request);
absl::StatusOr<EventListing> ReadListEvents(const v1::ListEventsRequest& request);

}  // namespace tocsin::hub
