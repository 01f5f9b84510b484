// incident_listing.h: the arguments of Query.incidents as a request to the hub.
//
// Threads: pure.
// Errors:  of the argument that is wrong, and what is allowed.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "bridge/graphql/selection_plan.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::bridge::graphql {

struct IncidentListing {
  v1::ListIncidentsRequest request;  // all of a page or none of it
  uint64_t page = 1;
  bool with_history = false;  // fields below ask for timeline, notes or alerts
};

absl::StatusOr<IncidentListing> ReadIncidentListing(const PlannedField& field);

}  // namespace tocsin::bridge::graphql
