// incident_before.h: what an event changed of the fields of its incident that filters look at.
//
// Shape:   compares the incident as it was known with the incident after the event, and keeps the
//          earlier values in the event, of the fields that differ. So everyone who is given the
//          event can tell which sets the incident has left by it.
// Threads: pure.
// Source:  docs/adr/0022-what-leaves-is-told.md
#pragma once

#include "hub/log/incident_state.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::hub {

// How much of the incident the event may have changed.
enum class Changed : uint8_t {
  kEnums,     // severity and state at the most: source, resources and labels are as they were
  kAnything,  // the event gave the incident whole
};

// Sets event.before, or leaves it out when nothing differs. The event has its incident as it stands
// after the event.
void NoteBefore(v1::Event& event, const IncidentState& before, Changed changed);

}  // namespace tocsin::hub
