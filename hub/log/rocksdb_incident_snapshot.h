// rocksdb_incident_snapshot.h: a snapshot of the incident table on disk.
//
// Shape:   the active incidents by id, then those that are over, unless the filter's states leave
//          them out. A filter that names incidents has those looked up, and no other read. Between
//          two Reads only the versions are kept, not the files: an iterator lives as long as a
//          Read.
// Threads: as IncidentSnapshot; the store outlives it.
// Owns:    the database's snapshot.
// Errors:  as IncidentSnapshot.
#pragma once

#include <rocksdb/snapshot.h>

#include <string>
#include <vector>

#include "hub/log/incident_snapshot.h"
#include "hub/log/rocksdb_store.h"

namespace tocsin::hub {

class RocksDbIncidentSnapshot final : public IncidentSnapshot {
 public:
  // `place`: of the log, as it stands now; the caller lets no commit come between.
  RocksDbIncidentSnapshot(RocksDbStore& store, const Cursor& place, FilterPtr filter);

  absl::StatusOr<bool> Read(size_t max_looked_at, Take take) override;

 private:
  absl::StatusOr<bool> ReadNamed(size_t max_looked_at, Take take);
  absl::StatusOr<bool> ReadTable(size_t max_looked_at, Take take);
  // Hands over the incident of a record, if it matches. False: no more now.
  absl::StatusOr<bool> Offer(std::string_view record, Take take) const;

  const RocksDbStore& store_;
  rocksdb::ManagedSnapshot snapshot_;
  const bool active_only_;
  bool named_ = false;
  std::vector<std::string> ids_;  // named_: those that are left, the next one last
  std::string next_key_;          // else: where to read on
};

}  // namespace tocsin::hub
