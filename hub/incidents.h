// incidents.h: what each event does to its incident, and what the hub knows of incidents while it
// commits.
//
// Shape:   each event is applied, and once it is encoded its incident is a part of its bytes.
//          Layers: the request being staged over the group being committed over what follows the
//          log (the cache) over the log. A refused request drops the first, the end of a group
//          both.
// Threads: not thread-safe; the sequencer's.
// Owns:    the two layers.
// Errors:  NOT_FOUND, naming the field, for an incident that is given by its id alone and unknown;
//          CONFLICT for a change of state that makes no sense (incident_states.h).
// Source:  docs/protocol.md, section 1
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "core/event/field_path.h"
#include "core/event/filter.h"
#include "hub/incident_cache.h"
#include "hub/log/log.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::hub {

class Incidents {
 public:
  // Of the log's incidents, those that `visible` does not let through are unknown. Null: all are
  // known.
  Incidents(const Log& log, IncidentCache& cache, FilterPtr visible = nullptr)
      : log_(log), cache_(cache), visible_(std::move(visible)) {}

  // Completes a normalised event: its incident as it stands after it, without timeline and notes.
  // Events without an incident are left alone. Answers what was known of the incident before, null
  // when it was unknown. On error the event is unusable.
  absl::StatusOr<IncidentPtr> Complete(v1::Event& event, absl::Time time, const FieldPath& path);
  // Completes the event, and refuses a change of state that makes no sense. After an error the
  // caller drops the request.
  absl::Status Apply(v1::Event& event, absl::Time time, const FieldPath& path);
  // Keeps the incident of the event that was just applied, and encoded as `record`, in the request.
  void Take(const v1::Event& event, const EventPtr& record);
  // Returns nullptr when the incident is unknown.
  absl::StatusOr<IncidentPtr> Find(std::string_view id);
  // Stages how many alerts the incident has taken, the request's included.
  void SetAlerts(const IncidentState& known, AlertCounts alerts);
  // Returns the sequence of the newest event about the incident; 0 when it is unknown.
  absl::StatusOr<Sequence> LastSequence(std::string_view id);

  void KeepRequest();
  void DropRequest();
  // Returns what the group has changed: each incident once, and the rows of history in order.
  std::vector<IncidentChange> GroupChanges() const;
  std::vector<HistoryRow> TakeGroupHistory() { return std::move(group_history_); }
  void DropGroup();

 private:
  absl::StatusOr<bool> IsHidden(const IncidentState& incident) const;

  using Layer = absl::flat_hash_map<std::string, IncidentPtr>;

  const Log& log_;
  IncidentCache& cache_;
  const FilterPtr visible_;
  Layer group_;
  Layer before_;  // the group: what was known of each incident that was looked for
  std::vector<HistoryRow> group_history_;
  Layer request_;
  std::vector<HistoryRow> request_history_;
  // These two belong to the event that was just applied.
  HistoryChange history_;
  AlertCounts alerts_;
};

}  // namespace tocsin::hub
