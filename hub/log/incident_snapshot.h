// incident_snapshot.h: the incidents that match a filter, as they all stood at one place of the
// log, read in parts.
//
// Shape:   Read goes on where the last one ended. Whatever is appended meanwhile does not show: the
//          incidents are those after the event at place(), and the events after it are what changed
//          since.
// Threads: one at a time; commits go on beside it.
// Owns:    the right to read that state. On disk, versions of incidents that commits replace are
//          kept while it lives, so it is not for keeping long (limits::kSnapshotTime).
// Errors:  DATA_LOSS for an incident that cannot be read, UNAVAILABLE for a disk that does not
//          answer; after one the snapshot cannot go on.
#pragma once

#include <string_view>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "core/event/cursor.h"
#include "core/event/filter.h"

namespace tocsin::hub {

class IncidentSnapshot {
 public:
  // Is given an incident's bytes, without timeline and notes, valid during the call. Returns false
  // when it wants no more now.
  using Take = absl::FunctionRef<bool(std::string_view incident)>;

  virtual ~IncidentSnapshot() = default;
  IncidentSnapshot(const IncidentSnapshot&) = delete;
  IncidentSnapshot& operator=(const IncidentSnapshot&) = delete;

  const Cursor& place() const { return place_; }
  // Looks at the next incidents, at most `max_looked_at`, and hands over those that match. Returns
  // false at the end.
  virtual absl::StatusOr<bool> Read(size_t max_looked_at, Take take) = 0;

 protected:
  IncidentSnapshot(const Cursor& place, FilterPtr filter)
      : place_(place), filter_(std::move(filter)) {}

  const Filter& filter() const { return *filter_; }
  // Whether the encoded incident matches; DATA_LOSS when the bytes are not an incident.
  absl::StatusOr<bool> Matches(std::string_view incident) const;

 private:
  const Cursor place_;
  const FilterPtr filter_;
};

}  // namespace tocsin::hub
