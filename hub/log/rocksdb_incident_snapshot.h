// rocksdb_incident_snapshot.h: a snapshot of the incident table on disk.
//
// Shape:   the active incidents by id, then those that are over, unless the filter's states leave
//          them out. For a filter that names incidents only those are looked up. An iterator lives
//          only as long as a Read, so that between two Reads the snapshot keeps old versions of
//          incidents, but no files.
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
  // `place` is the log's present end; the caller makes sure that no commit comes in between.
  RocksDbIncidentSnapshot(RocksDbStore& store, const Cursor& place, FilterPtr filter);

  absl::StatusOr<bool> Read(size_t max_looked_at, Take take) override;

 private:
  absl::StatusOr<bool> ReadNamed(size_t max_looked_at, Take take);
  absl::StatusOr<bool> ReadTable(size_t max_looked_at, Take take);
  // Hands over the record's incident if it matches. Returns false when `take` wants no more now.
  absl::StatusOr<bool> Offer(std::string_view record, Take take) const;

  const RocksDbStore& store_;
  rocksdb::ManagedSnapshot snapshot_;
  const bool active_only_;
  bool named_ = false;
  std::vector<std::string> ids_;  // named_: those that are left, the next one last
  std::string next_key_;          // else: where to read on
};

}  // namespace tocsin::hub
