// rocksdb_alerts.h: the alerts that incidents have taken, in the log on disk.
//
// Shape:   one column, three kinds of keys, told apart by their first byte. `r`, by incident and
//          fingerprint: the row. `o`, by the same: the open rows with their ends, so that a start
//          reads no others. `f`, by fingerprint: the newest incident that took it. A commit changes
//          all three in its one write.
// Threads: as the log's.
// Owns:    nothing; the store is the log's.
// Errors:  DATA_LOSS for a record that cannot be read, UNAVAILABLE for a disk that does not answer.
#pragma once

#include <rocksdb/write_batch.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/log/log.h"
#include "hub/log/rocksdb_store.h"

namespace tocsin::hub {

class RocksDbAlerts {
 public:
  explicit RocksDbAlerts(const RocksDbStore& store) : store_(store) {}

  // Adds a commit's changes to its write.
  void Put(const LogBatch& batch, rocksdb::WriteBatch& write) const;
  // Adds to the write the deletion of everything that is kept of the incident's alerts.
  absl::Status Drop(const IncidentState& incident, rocksdb::WriteBatch& write) const;

  // As in log.h.
  absl::StatusOr<std::string> IncidentOf(std::string_view fingerprint) const;
  absl::StatusOr<std::optional<AlertRow>> Get(std::string_view incident,
                                              std::string_view fingerprint) const;
  absl::StatusOr<std::vector<AlertRow>> Of(std::string_view incident) const;
  absl::StatusOr<std::vector<OpenAlert>> Open() const;

 private:
  absl::Status DropFingerprint(std::string_view fingerprint, std::string_view incident,
                               rocksdb::WriteBatch& write) const;

  const RocksDbStore& store_;
};

}  // namespace tocsin::hub
