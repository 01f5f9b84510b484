// rocksdb_timelines.h: keeps the timelines of incidents when retention takes their events.
//
// Shape:   Keep reads the events that are to go and writes their entries as rows, for incidents
//          that are in the table still, all entries of one incident in one row; rows that fell out
//          of the newest kHistoryRows entries go. It writes in parts, each whole by itself, and
//          before the events go: a crash in between leaves rows of events that are still held,
//          which no reader counts twice, and which are not written again.
// Threads: any; commits go on beside it. Incidents are dropped under mutex(), so that no row of a
//          dropped one is written after it.
// Owns:    nothing; the store is the log's.
// Bounds:  of the entries that are read before they are written, kGatheredBytes; of one write
//          kPartBytes, so that commits do not wait long behind it.
// Errors:  the reader's, but for damage: an event that cannot be read has no entry. The writer's
//          end it; what was written stays.
#pragma once

#include <rocksdb/write_batch.h>

#include <map>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "core/base/mutex.h"
#include "core/event/cursor.h"
#include "core/event/limits.h"
#include "hub/log/rocksdb_store.h"
#include "hub/log/timeline_row.h"

namespace tocsin::hub {

class RocksDbTimelines {
 public:
  using Write = absl::FunctionRef<absl::Status(rocksdb::WriteBatch&)>;

  static constexpr size_t kGatheredBytes = 16 * limits::kMiB;
  static constexpr size_t kPartBytes = 128 * limits::kKiB;

  explicit RocksDbTimelines(const RocksDbStore& store) : store_(store) {}

  // From here on the entries of all events up to `place` are kept.
  void Begin(Sequence place);
  // Keeps those of the events up to `place`.
  absl::Status Keep(Sequence place, Write write) ABSL_LOCKS_EXCLUDED(mutex_);
  // The place up to which they are kept.
  Sequence kept() const ABSL_LOCKS_EXCLUDED(mutex_);

  Mutex& mutex() ABSL_LOCK_RETURNED(mutex_) { return mutex_; }

 private:
  struct Entries {
    std::vector<StoredEntry> newest;
    bool whole = true;  // of the incident none came before them
  };
  using Gathered = std::map<std::string, Entries>;  // by incident

  // Answers the place that it came to.
  absl::StatusOr<Sequence> Gather(Sequence after, Sequence place, Gathered& gathered) const;
  // From `next` on; `next` becomes the first that is not written.
  absl::Status WritePart(const Gathered& gathered, Gathered::const_iterator& next, Write write)
      ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status AddRow(const std::string& incident, const Entries& entries, rocksdb::Iterator& rows,
                      rocksdb::WriteBatch& write) const;
  void DropOld(const std::string& incident, Sequence since, uint64_t total, rocksdb::Iterator& rows,
               rocksdb::WriteBatch& write) const;

  const RocksDbStore& store_;
  // No leaf: held while a part is read and written.
  mutable Mutex mutex_;
  Sequence kept_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace tocsin::hub
