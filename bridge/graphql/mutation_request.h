// mutation_request.h: the arguments of a mutation's field, in the words of REST, and as what they
// come to.
//
// Threads: pure.
// Errors:  of the argument that is wrong, with the field in REST's words: MutationError names it in
//          GraphQL's.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "bridge/graphql/selection_plan.h"
#include "bridge/rest/incident_plans.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::bridge::graphql {

absl::StatusOr<v1::SubmitAlertRequest> ReadAlert(const PlannedField& field);
// Of the other fields.
absl::StatusOr<IncidentChange::Plan> ReadIncidentChange(const PlannedField& field);

// "severity" of createIncident is "input.severity".
Error MutationError(const PlannedField& field, const absl::Status& status);

}  // namespace tocsin::bridge::graphql
