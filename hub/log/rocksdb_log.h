// rocksdb_log.h: the log on disk.
//
// Shape:   one RocksDB WriteBatch an Append: events, dedup ids, incidents and alerts are there
//          together after a crash, or none is. Each event is kept with its time and with the bytes
//          of all events up to it, so that a place by time or by size is a binary search.
// Threads: as log.h; one leaf mutex over the range, never held while RocksDB works. Before it, one
//          that keeps a snapshot of the incidents from beginning between a commit and its range.
// Owns:    the data directory, by its lock, and the database in it.
// Errors:  as log.h. After a write or sync that failed for want of room the log refuses all, with
//          DiskFullError, until there is room and the database is taken up again (Trim). One that
//          failed otherwise is never tried again: what the file then holds is not known, and only a
//          restart reads it back. What damage is found out is said in
//          rocksdb_store.h; what the log keeps beside the events is made anew from them where it
//          is damaged.
// Source:  docs/guarantees.md
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "core/base/mutex.h"
#include "core/event/limits.h"
#include "hub/log/data_dir_lock.h"
#include "hub/log/free_space.h"
#include "hub/log/log.h"
#include "hub/log/log_codec.h"

namespace rocksdb {
class Env;
class Iterator;
class Status;
class WriteBatch;
}  // namespace rocksdb

namespace tocsin::hub {

class RocksDbStore;
class RocksDbTimelines;
enum class Column;

struct RocksDbOptions {
  std::string dir;
  Durability durability = Durability::kAlways;
  // Besides what is in memory and what is appended: below it nothing is appended, so that there is
  // room for compaction and for the logs of what goes wrong.
  uint64_t free_space_reserve = 64 * limits::kMiB;

  FreeSpace free_space = SystemFreeSpace;
  rocksdb::Env* env = nullptr;  // null: the system's
};

class RocksDbLog : public Log {
 public:
  // A stored event's record; null where it is not wanted.
  using MakeRecord = absl::FunctionRef<absl::StatusOr<EventPtr>(std::string_view bytes)>;

  // FAILED_PRECONDITION when the directory is in use, was written by another version, or has data
  // without the file that says what belongs to it.
  static absl::StatusOr<std::unique_ptr<RocksDbLog>> Open(RocksDbOptions options);
  // Without a Close before it, the next start takes this end for an unclean one.
  ~RocksDbLog() override;

  std::string_view name() const override { return "rocksdb"; }
  absl::Status Append(CommitPtr batch) override;
  absl::Status CheckWritable() const override;
  absl::Status Trim(const Retention& retention, absl::Time now) override;
  absl::Status PrepareTrim(const Retention& retention, absl::Time now) override;
  absl::Status Sync() override;
  absl::Status Close() override;

  LogExtent extent() const override;
  const Epochs& epochs() const override { return epochs_; }
  absl::StatusOr<std::vector<EventPtr>> Read(Sequence after, size_t max_events,
                                             size_t max_bytes) const override;
  absl::StatusOr<LogMatches> ReadMatching(Sequence after, size_t max_events, size_t max_bytes,
                                          const Filter& filter) const override;
  absl::StatusOr<Sequence> PlaceAt(absl::Time time) const override;
  absl::StatusOr<Sequence> PreviousOfIncident(Sequence sequence) const override;
  uint64_t incident_bytes() const override;
  absl::StatusOr<IncidentPtr> GetIncident(std::string_view id) const override;
  absl::StatusOr<v1::Incident> ReadHistory(std::string_view id) const override;
  absl::Status ScanIncidents(
      absl::FunctionRef<bool(const StoredIncident& incident)> look) const override;
  absl::StatusOr<std::unique_ptr<IncidentSnapshot>> SnapshotIncidents(
      FilterPtr filter) const override;
  absl::StatusOr<std::string> IncidentOfFingerprint(std::string_view fingerprint) const override;
  absl::StatusOr<std::optional<AlertRow>> GetAlert(std::string_view incident,
                                                   std::string_view fingerprint) const override;
  absl::StatusOr<std::vector<AlertRow>> ReadAlerts(std::string_view incident) const override;
  absl::StatusOr<std::vector<OpenAlert>> ReadOpenAlerts() const override;
  absl::StatusOr<std::vector<DedupEntry>> ReadDedup() const override;

  LogReport report() const override { return report_; }

 private:
  struct Range {
    Sequence first;
    Sequence last;
  };

  explicit RocksDbLog(RocksDbOptions options);
  absl::Status Load();
  absl::Status LoadMeta();
  absl::Status LoadEnd();
  absl::StatusOr<bool> KnowsTheNewestLife() const;
  absl::Status CheckDedup() const;
  absl::Status BeginRun();
  // Keeps what the opening set aside, if something is lost, and bounds what is kept in all.
  absl::Status EndSalvage();
  // What is damaged and can be told by the events.
  absl::Status RemakeMeta();
  absl::Status RemakeLives();
  absl::Status LearnLives();
  absl::Status RemakeDedup();
  absl::Status RemakeIncidents();
  absl::Status MakeAnew(Column column, std::string_view what);

  // What Read and ReadMatching have in common.
  absl::StatusOr<LogMatches> Walk(Sequence after, size_t max_events, size_t max_bytes,
                                  MakeRecord make) const;

  absl::Status Writable() const;
  // Whether the disk has room for so many bytes more, and for all that is in memory.
  absl::Status CheckSpace(uint64_t bytes) const;
  // Of a database that a full disk has stopped: takes it up again, if there is room.
  absl::Status Resume();
  absl::Status Fail(const rocksdb::Status& status, std::string_view doing);
  // Says in the file beside the database how far the log is known to be on the disk.
  absl::Status WriteMark(bool sync);
  absl::Status Commit(rocksdb::WriteBatch& write, Sequence last, uint64_t bytes);
  absl::Status FillBatch(const LogBatch& batch, rocksdb::WriteBatch& write, uint64_t& bytes) const;

  // DATA_LOSS where the event is missing or damaged.
  absl::StatusOr<EventHead> HeadOf(Sequence sequence) const;
  // The first event held for which `holds`, which holds for all after it too; one that cannot be
  // read in front of it counts as well. Past the last one when there is none.
  absl::StatusOr<Sequence> FirstWhere(absl::FunctionRef<bool(const EventHead&)> holds) const;
  Sequence PlaceToKeep(const Retention& retention, absl::Time now) const;
  absl::StatusOr<Sequence> PlaceToTrim(const Retention& retention, absl::Time now);
  Sequence PlaceOfBytes(uint64_t keep) const;
  Sequence PlaceOfAge(absl::Time oldest, absl::Time now) const;
  uint64_t BytesUpTo(Sequence place) const;
  std::vector<Sequence> DedupToDrop(absl::Time now) const;
  absl::Status WriteTrim(const LogBase& base, const std::vector<Sequence>& dedup);
  absl::Status DropOverIncidents(absl::Time time);
  void DropFiles(Sequence first);
  // Of the events up to `place`; nothing where the disk is too full.
  absl::Status KeepTimelines(Sequence place);
  Range range() const;
  LogBase base() const;
  std::string LogDir() const { return options_.dir + "/log"; }
  std::string MarkPath() const { return options_.dir + "/log.durable"; }

  const RocksDbOptions options_;
  std::unique_ptr<DataDirLock> lock_;
  std::unique_ptr<RocksDbStore> store_;
  std::unique_ptr<RocksDbTimelines> timelines_;
  // Not changed after Open.
  LogReport report_;
  bool tables_are_behind_ = false;  // what they have may be older than the events
  Epochs epochs_;                   // not changed after Open

  // The sequencer's thread only: dedup records before it are gone.
  Sequence dedup_first_ = 0;

  std::optional<DurableMark> mark_;  // as it was last written; the sequencer's thread only

  // No leaf: held while a commit is written and last_ follows it, and while a snapshot is begun, so
  // that the snapshot's incidents are those at last_.
  mutable Mutex commit_mutex_ ABSL_ACQUIRED_BEFORE(mutex_);
  mutable Mutex mutex_;
  LogBase base_ ABSL_GUARDED_BY(mutex_);  // the place before the first event held
  Sequence last_ ABSL_GUARDED_BY(mutex_) = 0;
  Sequence synced_ ABSL_GUARDED_BY(mutex_) = 0;  // up to it, all is known to be on the disk
  uint64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;   // of all events since the log began
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  bool full_ ABSL_GUARDED_BY(mutex_) = false;  // failure_ is a full disk's
  // How far the next trim goes, where it was prepared.
  std::optional<Sequence> prepared_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::hub
