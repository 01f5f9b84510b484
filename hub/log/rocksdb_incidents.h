// rocksdb_incidents.h: the incident table of the log on disk: the incidents, their history, and the
// order of those that are over.
//
// Shape:   `incidents`, by whether it is active and by id: where the incident stands. So the active
//          ones are found without a look at the others, at no cost for a commit. `over`, by the
//          sequence of the last event: which have been over the longest. A commit changes both,
//          and the rows of history (rocksdb_history.h), in its one write.
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

// What the keys of `incidents` begin with: the active ones come first.
inline constexpr char kActiveIncident = 'a';
inline constexpr char kOverIncident = 'o';
std::string IncidentTableKey(char kind, std::string_view id);

class RocksDbIncidents {
 public:
  // No further incident is dropped by a write that has so many keys; one has up to some 3,200.
  static constexpr int kMostKeysDropped = 100'000;

  explicit RocksDbIncidents(const RocksDbStore& store) : store_(store) {}

  // Adds a commit's changes to its write.
  void Put(const LogBatch& batch, rocksdb::WriteBatch& write) const;
  // Adds to a write that the incidents go which were over before `time`; answers which.
  absl::StatusOr<std::vector<std::string>> DropOver(absl::Time time,
                                                    rocksdb::WriteBatch& write) const;

  // As in log.h.
  absl::StatusOr<IncidentPtr> Get(std::string_view id) const;
  // Nothing when the incident is not known, or its record is damaged.
  absl::StatusOr<std::optional<HistoryExtent>> ExtentOf(std::string_view id) const;
  absl::Status Scan(absl::FunctionRef<bool(const StoredIncident& incident)> look) const;

 private:
  // Answers the incident's id; "" for a key that no incident has any more.
  absl::StatusOr<std::string> Drop(std::string_view over_key, rocksdb::WriteBatch& write) const;

  const RocksDbStore& store_;
};

}  // namespace tocsin::hub
