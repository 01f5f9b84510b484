// incident_state.h: an incident as it stands after an event.
//
// Shape:   what travels in every event stays as the event's own bytes, and is parsed only when an
//          event gives its incident by id alone; what the next event's rules look at is beside it;
//          what grows (timeline, notes) is apart, so that it is not copied with each event.
// Threads: immutable.
// Owns:    a share of the bytes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "core/event/cursor.h"
#include "core/event/record.h"
#include "tocsin/v1/incident.pb.h"

namespace tocsin::hub {

struct IncidentState {
  std::string id;
  Sequence last_sequence = 0;  // of the newest event about it
  v1::IncidentState state = v1::INCIDENT_STATE_UNSPECIFIED;
  v1::Severity severity = v1::SEVERITY_UNSPECIFIED;
  std::optional<absl::Time> created_at;
  std::string_view core;                        // encoded, without timeline and notes
  std::shared_ptr<const void> owner;            // of core
  size_t owner_bytes = 0;                       // what that keeps in memory
  std::shared_ptr<const v1::Incident> history;  // timeline and notes only; may be null

  // Core, parsed.
  v1::Incident Parse() const;
  // What this holds, of its own and shared.
  size_t bytes() const;

  // After the event that was just encoded as `record`; shares its bytes.
  static std::shared_ptr<const IncidentState> After(const v1::Incident& incident,
                                                    const EventPtr& record,
                                                    std::shared_ptr<const v1::Incident> history);
  // Takes a whole incident apart.
  static std::shared_ptr<const IncidentState> From(v1::Incident incident, Sequence last_sequence);
};
using IncidentPtr = std::shared_ptr<const IncidentState>;

}  // namespace tocsin::hub
