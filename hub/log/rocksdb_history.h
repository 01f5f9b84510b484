// rocksdb_history.h: timelines and notes of incidents in the log on disk.
//
// Shape:   the column `history`, by the incident's id, kind and number. Timelines are read from
//          the incident's events as well, as they are held (timeline_reading.h).
// Threads: as the log's. One reading sees one state of all columns, and the files that hold it,
//          whatever is appended or trimmed meanwhile.
// Owns:    nothing; the store is the log's.
// Errors:  DATA_LOSS for a row that cannot be read, UNAVAILABLE for a disk that does not answer. An
//          event that cannot be read has an entry that says so.
#pragma once

#include <rocksdb/write_batch.h>

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/log/incident_history.h"
#include "hub/log/rocksdb_store.h"
#include "tocsin/v1/incident.pb.h"

namespace tocsin::hub {

class RocksDbHistory {
 public:
  explicit RocksDbHistory(const RocksDbStore& store) : store_(store) {}

  // Adds a commit's rows to its write.
  void Put(const std::vector<HistoryRow>& rows, rocksdb::WriteBatch& write) const;
  // Adds to a write that all rows of an incident go.
  absl::Status Drop(std::string_view id, const HistoryExtent& extent,
                    rocksdb::WriteBatch& write) const;
  // Empty when the incident is not known.
  absl::StatusOr<v1::Incident> Read(std::string_view id) const;

 private:
  const RocksDbStore& store_;
};

}  // namespace tocsin::hub
