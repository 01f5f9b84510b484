// incident_plans.h: what is asked for an incident, as the change that it comes to: of REST and of
// GraphQL alike.
//
// Shape:   a body has the fields of docs/protocol.md, section 7, those that are a client's to set,
//          and `actor`. A key makes a retry the same request: the event's id is derived from it.
//          A patch (RFC 7396) or a replacement is incident_updated, or incident_resolved or
//          incident_closed where that is the new state; what changes nothing is no event.
// Threads: pure; a plan is used on the thread of HubCalls.
// Errors:  INVALID_MESSAGE with the field as the body has it ("severity"), here or when the plan
//          makes its event.
#pragma once

#include <boost/json/value.hpp>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "bridge/rest/incident_change.h"
#include "core/event/cursor.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::bridge {

using RequestBody = std::shared_ptr<const boost::json::value>;
using RequestKey = std::optional<std::string>;

// Which incident, and when.
struct ChangeTarget {
  std::string id;                    // in canonical form
  std::optional<Sequence> if_match;  // only while that is the incident's newest event
  RequestKey key;
};

IncidentChange::Plan PlanNewIncident(RequestBody body, RequestKey key);
absl::StatusOr<IncidentChange::Plan> PlanReplacement(ChangeTarget target, RequestBody body);
absl::StatusOr<IncidentChange::Plan> PlanPatch(ChangeTarget target, RequestBody body);
// Of types incident_resolved, comment_added, assignment_changed and escalated; the body has the
// fields of the event's payload.
IncidentChange::Plan PlanAction(ChangeTarget target, v1::EventType type, RequestBody body);

}  // namespace tocsin::bridge
