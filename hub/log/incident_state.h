// incident_state.h: an incident as it stands after an event.
//
// Shape:   what travels in every event stays as the event's own bytes, and is parsed only when an
//          event gives its incident by id alone; what the next event's rules and the incident table
//          look at is beside it; what grows (timeline, notes) is apart, in rows of its own.
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
#include "hub/log/alert_row.h"
#include "hub/log/incident_history.h"
#include "tocsin/v1/incident.pb.h"

namespace tocsin::hub {

// Neither resolved nor closed.
inline bool IsActive(v1::IncidentState state) {
  return state != v1::INCIDENT_STATE_RESOLVED && state != v1::INCIDENT_STATE_CLOSED;
}

struct IncidentState {
  std::string id;
  Sequence last_sequence = 0;  // of the newest event about it
  absl::Time last_time;        // when that was accepted
  v1::IncidentState state = v1::INCIDENT_STATE_UNSPECIFIED;
  v1::Severity severity = v1::SEVERITY_UNSPECIFIED;
  std::optional<absl::Time> created_at;
  std::string_view core;              // encoded, without timeline and notes
  std::shared_ptr<const void> owner;  // of core
  size_t owner_bytes = 0;             // what that keeps in memory
  HistoryRanges history;
  AlertCounts alerts;  // that it has taken

  bool active() const { return IsActive(state); }
  // Core, parsed.
  v1::Incident Parse() const;
  // What this holds, of its own and shared.
  size_t bytes() const;

  // After the event that was just encoded as `record`; shares its bytes.
  static std::shared_ptr<const IncidentState> After(const v1::Incident& incident,
                                                    const EventPtr& record,
                                                    const HistoryRanges& history,
                                                    AlertCounts alerts = {});
  // As it was kept. Timeline and notes that it may have are passed over.
  static std::shared_ptr<const IncidentState> From(v1::Incident incident, Sequence last_sequence,
                                                   absl::Time last_time,
                                                   const HistoryRanges& history = {},
                                                   AlertCounts alerts = {});
};
using IncidentPtr = std::shared_ptr<const IncidentState>;

// What a commit does to an incident; `before` is null for one that was unknown.
struct IncidentChange {
  IncidentPtr before;
  IncidentPtr after;
};

}  // namespace tocsin::hub
