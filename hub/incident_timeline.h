// incident_timeline.h: what an incident's timeline says of an event.
//
// Shape:   one plain sentence about what the event changed, when it was, who did it, and the
//          event's cursor.
// Threads: pure.
// Source:  docs/protocol.md, section 1
#pragma once

#include "hub/log/incident_state.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::hub {

// Of an event with its place and its completed incident; `before` is null where the incident is
// new.
v1::TimelineEntry TimelineOf(const v1::Event& event, const IncidentState* before, absl::Time time);

}  // namespace tocsin::hub
