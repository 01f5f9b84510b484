// incident_state.h: an incident as it stands after an event.
//
// Shape:   the incident stays as bytes, shared with the event that brought it, and is parsed only
//          when an event names its incident by id alone. The fields that the rules for the next
//          event and the incident table look at are members here. Timeline and notes, which grow,
//          are kept apart, in rows of their own.
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
  Sequence last_sequence = 0;  // the newest event about the incident
  absl::Time last_time;        // when that event was accepted
  v1::IncidentState state = v1::INCIDENT_STATE_UNSPECIFIED;
  v1::Severity severity = v1::SEVERITY_UNSPECIFIED;
  std::optional<absl::Time> created_at;
  std::string_view core;              // encoded, without timeline and notes
  std::shared_ptr<const void> owner;  // owns the bytes of core
  size_t owner_bytes = 0;             // how many bytes the owner keeps in memory
  HistoryExtent history;
  AlertCounts alerts;  // the alerts that it has taken

  bool active() const { return IsActive(state); }
  // Parses core.
  v1::Incident Parse() const;
  // How many bytes this holds, shared ones included.
  size_t bytes() const;

  // The incident as it stands after the event that was just encoded as `record`, whose bytes it
  // shares.
  static std::shared_ptr<const IncidentState> After(const v1::Incident& incident,
                                                    const EventPtr& record,
                                                    const HistoryExtent& history,
                                                    AlertCounts alerts = {});
  // The incident as the log kept it. Timeline and notes in it are ignored.
  static std::shared_ptr<const IncidentState> From(v1::Incident incident, Sequence last_sequence,
                                                   absl::Time last_time,
                                                   const HistoryExtent& history = {},
                                                   AlertCounts alerts = {});
};
using IncidentPtr = std::shared_ptr<const IncidentState>;

// A commit's change to an incident; `before` is null when the incident was unknown.
struct IncidentChange {
  IncidentPtr before;
  IncidentPtr after;
};

}  // namespace tocsin::hub
