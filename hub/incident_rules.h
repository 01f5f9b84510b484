// incident_rules.h: what an event does to its incident.
//
// Shape:   pure: the incident before and the event give the incident after. The hub follows the
//          publishers: it fills in and keeps up, and does not forbid a change of state.
// Threads: pure.
// Source:  docs/protocol.md, section 1
#pragma once

#include <memory>

#include "absl/time/time.h"
#include "core/event/limits.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::hub {

struct IncidentState;

// Of one incident: the newest are kept.
inline constexpr int kHistoryEntries = 100;
inline constexpr size_t kHistoryBytes = 64 * limits::kKiB;

bool HasIncident(v1::EventType type);

// The timeline and notes after a normalised event, which are taken out of it: what the event gives,
// else what was known; a comment is a note. Null when there are none. `before` may be null.
std::shared_ptr<const v1::Incident> HistoryAfter(v1::Event& event, const IncidentState* before,
                                                 absl::Time time);

// Makes event.incident the incident as it stands after the event, and fills in what the payload
// says of the one before. `before` is null only when the event gives the incident whole.
void CompleteIncident(v1::Event& event, const IncidentState* before, absl::Time time);

}  // namespace tocsin::hub
