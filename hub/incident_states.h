// incident_states.h: which changes of an incident's state make sense, as one table.
//
// Shape:   an event that leaves the state as it is always passes. The active states lead to each
//          other and to the end, but none back to Detected; what is resolved is reopened by
//          incident_updated alone; what is closed stays closed.
// Threads: pure.
// Errors:  CONFLICT (ABORTED) naming the field, the present state and what is allowed.
// Source:  docs/protocol.md, section 1
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "core/event/field_path.h"
#include "hub/log/incident_state.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::hub {

// The states that an event of this type may bring an incident to that is in `from`.
std::vector<v1::IncidentState> StatesAfter(v1::IncidentState from, v1::EventType type);

// `event` has been completed (incident_rules.h); `before` is null for an incident that was unknown.
absl::Status CheckStateChange(const v1::Event& event, const IncidentState* before,
                              const FieldPath& path);

}  // namespace tocsin::hub
