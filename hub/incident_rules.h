// incident_rules.h: what an event does to its incident.
//
// Shape:   pure: the incident before and the event give the incident after. Which changes of state
//          are refused is said in incident_states.h.
// Threads: pure.
// Source:  docs/protocol.md, section 1
#pragma once

#include "absl/time/time.h"
#include "hub/log/incident_state.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::hub {

bool HasIncident(v1::EventType type);

// Takes timeline and notes out of a normalised event and returns how they change the incident's:
// those that the event gives replace the known ones, and a comment becomes a note. `before` is null
// when the incident is unknown.
HistoryChange HistoryAfter(v1::Event& event, const IncidentState* before, absl::Time time);

// Makes event.incident the incident as it stands after the event, and fills in what the payload and
// event.before say of the one before. `before` is null only when the event gives the incident
// whole.
void CompleteIncident(v1::Event& event, const IncidentState* before, absl::Time time);

}  // namespace tocsin::hub
