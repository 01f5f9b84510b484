// incident_update.h: what the subscriptions incidentUpdates and incidentStateChanges tell of an
// event.
//
// Threads: values, with views into what they were made of.
// Source:  docs/protocol.md, section 6
#pragma once

#include <optional>
#include <string_view>

#include "absl/time/time.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::bridge::graphql {

struct IncidentUpdate {
  std::string_view type;  // of IncidentUpdateType: "CREATED"
  absl::Time timestamp;
  const v1::Incident* incident = nullptr;
  bool seen = true;  // false: of the incident no more than its id may be told
};

// By the event's type, and whether it changed the incident's state.
IncidentUpdate UpdateOf(const v1::Event& event);
// The incident of the event has left the set that is followed.
IncidentUpdate LeftBy(const v1::Event& event, bool seen);

struct IncidentStateChange {
  std::string_view incident_id;
  v1::IncidentState old_state;
  v1::IncidentState new_state;
  std::string_view changed_by;
  absl::Time timestamp;
};

// Nothing where the event changed no state.
std::optional<IncidentStateChange> StateChangeOf(const v1::Event& event);

}  // namespace tocsin::bridge::graphql
