// incident_timeline.h: what an incident's timeline says of an event.
//
// Shape:   one plain sentence about what the event changed, when it was, who did it, and the
//          event's cursor.
// Threads: pure.
// Source:  docs/protocol.md, section 1
#pragma once

#include "tocsin/v1/event.pb.h"

namespace tocsin::hub {

// Of a stored event that has an incident. What it changed is what it says of before (event.before).
v1::TimelineEntry TimelineOf(const v1::Event& event);

}  // namespace tocsin::hub
