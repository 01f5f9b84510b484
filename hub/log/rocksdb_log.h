// rocksdb_log.h: the log on disk.
//
// Shape:   one RocksDB WriteBatch an Append: events, dedup ids, incidents and marks are there
//          together after a crash, or none is.
// Threads: as log.h; one leaf mutex over the range and the marks, never held while RocksDB works.
// Owns:    the data directory, by its lock, and the database in it.
// Errors:  as log.h. A write or sync that failed is never tried again: what the file then holds is
//          not known, and only a restart reads it back. What damage is found out is said in
//          rocksdb_store.h.
// Source:  docs/guarantees.md
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/mutex.h"
#include "core/event/limits.h"
#include "hub/log/data_dir_lock.h"
#include "hub/log/free_space.h"
#include "hub/log/log.h"
#include "hub/log/log_life.h"
#include "hub/log/log_marks.h"

namespace rocksdb {
class Env;
class Iterator;
class Status;
class WriteBatch;
}  // namespace rocksdb

namespace tocsin::hub {

class RocksDbStore;

struct RocksDbOptions {
  std::string dir;
  Durability durability = Durability::kAlways;
  // Below it nothing is appended, so that there is room for compaction and for the logs of what
  // goes wrong.
  uint64_t free_space_reserve = 64 * limits::kMiB;

  FreeSpace free_space = SystemFreeSpace;
  std::string boot_id = ReadBootId();
  rocksdb::Env* env = nullptr;  // null: the system's
};

// How the log was found at Open.
enum class LogFound { kNew, kClean, kUnclean, kMayHaveLost, kSalvaged };
std::string_view LogFoundText(LogFound found);  // a sentence for the operator

class RocksDbLog : public Log {
 public:
  // A stored event's record; null where it is not wanted.
  using MakeRecord = absl::FunctionRef<absl::StatusOr<EventPtr>(std::string_view bytes)>;

  // FAILED_PRECONDITION when the directory is in use, or was written by a later version.
  static absl::StatusOr<std::unique_ptr<RocksDbLog>> Open(RocksDbOptions options);
  // Without a Close before it, the next start takes this end for an unclean one.
  ~RocksDbLog() override;

  std::string_view name() const override { return "rocksdb"; }
  absl::Status Append(const LogBatch& batch) override;
  absl::Status CheckWritable() const override;
  absl::Status Trim(const Retention& retention, absl::Time now) override;
  absl::Status Sync() override;
  absl::Status Close() override;

  LogExtent extent() const override;
  const Epochs& epochs() const override { return epochs_; }
  absl::StatusOr<std::vector<EventPtr>> Read(Sequence after, size_t max_events,
                                             size_t max_bytes) const override;
  absl::StatusOr<LogMatches> ReadMatching(Sequence after, size_t max_events, size_t max_bytes,
                                          const Filter& filter) const override;
  absl::StatusOr<Sequence> PlaceAt(absl::Time time) const override;
  absl::StatusOr<IncidentPtr> GetIncident(std::string_view id) const override;
  absl::StatusOr<std::vector<DedupEntry>> ReadDedup() const override;

  LogFound found() const { return found_; }

 private:
  struct Range {
    Sequence first;
    Sequence last;
  };

  explicit RocksDbLog(RocksDbOptions options);
  absl::Status Load();
  absl::Status CheckFormat();
  absl::Status LoadRange();
  absl::Status LoadMarks();
  absl::Status LoadTail();
  absl::Status BeginRun();

  // What Read and ReadMatching have in common.
  absl::StatusOr<LogMatches> Walk(Sequence after, size_t max_events, size_t max_bytes,
                                  MakeRecord make) const;

  absl::Status Writable() const;
  absl::Status Fail(const rocksdb::Status& status, std::string_view doing);
  // Set by a failure after which events that were seen may be missing.
  std::string FailureMarker() const { return options_.dir + "/log.failed"; }
  absl::Status FillBatch(const LogBatch& batch, rocksdb::WriteBatch& write,
                         std::vector<LogMark>& marks, uint64_t& bytes) const;
  Sequence PlaceToKeep(const Retention& retention, absl::Time now) const;
  Sequence PlaceOfBytes(uint64_t keep) const;
  uint64_t BytesUpTo(Sequence place) const;
  std::vector<Sequence> DedupToDrop(absl::Time now) const;
  absl::Status WriteTrim(const LogMark& base, const std::vector<Sequence>& dedup);
  void DropFiles(Sequence first);
  // Calls `visit` with each event's sequence and size after `after` until it answers false or the
  // range ends.
  void ScanSizes(Sequence after, const std::function<bool(Sequence, size_t)>& visit) const;
  Range range() const;

  const RocksDbOptions options_;
  std::unique_ptr<DataDirLock> lock_;
  std::unique_ptr<RocksDbStore> store_;
  LogFound found_ = LogFound::kNew;
  Epochs epochs_;  // not changed after Open

  // The sequencer's thread only: dedup records before it are gone.
  Sequence dedup_first_ = 0;

  mutable Mutex mutex_;
  Sequence last_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // of all events since the log began
  LogMarks marks_ ABSL_GUARDED_BY(mutex_);      // its base is the place before the first event held
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::hub
