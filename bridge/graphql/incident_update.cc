#include "bridge/graphql/incident_update.h"

#include "bridge/graphql/object_fields.h"
#include "bridge/graphql/result_writer.h"
#include "core/event/time_proto.h"

namespace tocsin::bridge::graphql {
namespace {

const v1::Incident* IncidentOf(const v1::Event& event) {
  return event.has_incident() ? &event.incident() : nullptr;
}

// UNSPECIFIED where the event does not say that it changed the state.
v1::IncidentState StateBefore(const v1::Event& event) {
  return event.incident_updated().previous_state() != v1::INCIDENT_STATE_UNSPECIFIED
             ? event.incident_updated().previous_state()
             : event.before().state();
}

bool ChangesState(const v1::Event& event) {
  return StateBefore(event) != v1::INCIDENT_STATE_UNSPECIFIED &&
         StateBefore(event) != event.incident().state();
}

std::string_view UpdateTypeOf(const v1::Event& event) {
  switch (event.type()) {
    case v1::EVENT_TYPE_INCIDENT_CREATED:
      return "CREATED";
    case v1::EVENT_TYPE_INCIDENT_RESOLVED:
      return "RESOLVED";
    case v1::EVENT_TYPE_INCIDENT_CLOSED:
      return "STATE_CHANGED";
    case v1::EVENT_TYPE_INCIDENT_UPDATED:
      return ChangesState(event) ? "STATE_CHANGED" : "UPDATED";
    case v1::EVENT_TYPE_ASSIGNMENT_CHANGED:
      return "ASSIGNED";
    case v1::EVENT_TYPE_COMMENT_ADDED:
      return "COMMENT_ADDED";
    default:
      return "UPDATED";
  }
}

// ---- their fields ----

constexpr FieldReader kIncidentUpdate[] = {
    Reads<IncidentUpdate>("updateType", [](const auto& of) { return EnumText{of.type}; }),
    Reads<IncidentUpdate>("incidentId",
                          [](const auto& of) {
                            return Uuid{of.incident == nullptr ? std::string_view()
                                                               : of.incident->id()};
                          }),
    Reads<IncidentUpdate>("timestamp", [](const auto& of) { return of.timestamp; }),
    Reads<IncidentUpdate>("incident",
                          [](const auto& of) { return of.seen ? of.incident : nullptr; }),
};

constexpr FieldReader kStateChange[] = {
    Reads<IncidentStateChange>("incidentId", [](const auto& of) { return Uuid{of.incident_id}; }),
    Reads<IncidentStateChange>("oldState", [](const auto& of) { return of.old_state; }),
    Reads<IncidentStateChange>("newState", [](const auto& of) { return of.new_state; }),
    Reads<IncidentStateChange>("changedBy", [](const auto& of) { return of.changed_by; }),
    Reads<IncidentStateChange>("timestamp", [](const auto& of) { return of.timestamp; }),
};

constexpr ObjectFields kObjects[] = {{"IncidentUpdate", kIncidentUpdate},
                                     {"IncidentStateChange", kStateChange}};

}  // namespace

IncidentUpdate UpdateOf(const v1::Event& event) {
  return {UpdateTypeOf(event), ToTime(event.time()), IncidentOf(event)};
}

IncidentUpdate LeftBy(const v1::Event& event, bool seen) {
  return {"LEFT", ToTime(event.time()), IncidentOf(event), seen};
}

std::optional<IncidentStateChange> StateChangeOf(const v1::Event& event) {
  if (!ChangesState(event)) {
    return std::nullopt;
  }
  return IncidentStateChange{.incident_id = event.incident().id(),
                             .old_state = StateBefore(event),
                             .new_state = event.incident().state(),
                             .changed_by = event.actor(),
                             .timestamp = ToTime(event.time())};
}

std::span<const ObjectFields> UpdateObjects() { return kObjects; }

}  // namespace tocsin::bridge::graphql
