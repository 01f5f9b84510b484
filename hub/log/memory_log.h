// memory_log.h: a log that lives as long as its process: for tests, and for those who want none
// kept.
//
// Shape:   a deque of the events' records. Bounded at every Append, whatever Trim is told.
// Threads: as log.h; one leaf mutex.
// Owns:    shares of the events.
// Errors:  never damaged, never full. Each life has an epoch of its own, so an old cursor is never
//          mistaken.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/base/mutex.h"
#include "core/event/limits.h"
#include "hub/log/log.h"
#include "hub/log/timeline_row.h"

namespace tocsin::hub {

struct MemoryLogOptions {
  // Memory is the bound here: 100,000 events of the usual 600 bytes are 60 MB; big ones stop at 256
  // MiB.
  Retention retention{.max_events = 100'000, .max_bytes = 256 * limits::kMiB};
  // Past them the incident that has been quiet the longest is forgotten. An incident may keep the
  // event that it came with.
  size_t max_incidents = 100'000;
  size_t max_incident_bytes = 256 * limits::kMiB;
  Epoch epoch = NewEpoch();
  // Of a log whose commits will be appended first, and which this one goes on from: its epochs, the
  // present one among them. Empty: there is none.
  Epochs epochs = {};
};

class TimelineReading;

class MemoryLog : public Log {
 public:
  explicit MemoryLog(MemoryLogOptions options = {});

  std::string_view name() const override { return "memory"; }
  absl::Status Append(CommitPtr batch) override;
  absl::Status CheckWritable() const override { return absl::OkStatus(); }
  absl::Status Trim(const Retention& retention, absl::Time now) override;
  absl::Status Sync() override { return absl::OkStatus(); }
  absl::Status Close() override { return absl::OkStatus(); }

  LogExtent extent() const override;
  const Epochs& epochs() const override { return epochs_; }
  absl::StatusOr<std::vector<EventPtr>> Read(Sequence after, size_t max_events,
                                             size_t max_bytes) const override;
  absl::StatusOr<Sequence> PlaceAt(absl::Time time) const override;
  absl::StatusOr<Sequence> PreviousOfIncident(Sequence sequence) const override;
  uint64_t incident_bytes() const override;
  absl::StatusOr<IncidentPtr> GetIncident(std::string_view id) const override;
  absl::StatusOr<v1::Incident> ReadHistory(std::string_view id) const override;
  absl::Status ScanIncidents(
      absl::FunctionRef<bool(const StoredIncident& incident)> look) const override;
  // Shares of them all, 16 bytes each, are taken at once.
  absl::StatusOr<std::unique_ptr<IncidentSnapshot>> SnapshotIncidents(
      FilterPtr filter) const override;
  absl::StatusOr<std::string> IncidentOfFingerprint(std::string_view fingerprint) const override;
  absl::StatusOr<std::optional<AlertRow>> GetAlert(std::string_view incident,
                                                   std::string_view fingerprint) const override;
  absl::StatusOr<std::vector<AlertRow>> ReadAlerts(std::string_view incident) const override;
  absl::StatusOr<std::vector<OpenAlert>> ReadOpenAlerts() const override;
  absl::StatusOr<std::vector<DedupEntry>> ReadDedup() const override;

 private:
  struct KeptIncident {
    IncidentPtr state;
    std::map<std::pair<HistoryKind, uint64_t>, std::string> notes;  // and a timeline that was given
    std::deque<StoredEntry> timeline;                     // of events that are not held any more
    std::map<std::string, AlertRow, std::less<>> alerts;  // by fingerprint
    size_t bytes = 0;                                     // of all
  };

  // Answers which incidents were forgotten for it.
  absl::StatusOr<std::vector<std::string>> Put(const LogBatch& batch);
  void DropOldest() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Of an event that is to go.
  void KeepEntry(const EventRecord& event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The incident's newest event, and by the links those before it that are held.
  void ReadEvents(Sequence newest, TimelineReading& timeline) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ForgetEntry(KeptIncident& kept) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Keep(const Retention& retention, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PutIncident(const IncidentPtr& incident) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PutHistory(const HistoryRow& row) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PutAlert(const AlertChange& change) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PutFingerprint(const FingerprintChange& change) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ForgetFingerprint(std::string_view fingerprint, std::string_view incident)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Both answer which.
  std::vector<std::string> ForgetQuietest() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string ForgetIncident(Sequence last_sequence) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<std::string> ForgetOver(absl::Time time) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  LogExtent ExtentLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const MemoryLogOptions options_;
  Epochs epochs_;  // not changed after the constructor
  mutable Mutex mutex_;
  std::deque<EventPtr> events_ ABSL_GUARDED_BY(mutex_);
  std::deque<Sequence> links_ ABSL_GUARDED_BY(mutex_);  // one an event
  Sequence last_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<DedupEntry> dedup_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, KeptIncident> incidents_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, std::string> fingerprints_
      ABSL_GUARDED_BY(mutex_);  // the newest incident that took it
  size_t incident_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<Sequence, std::string> quietest_ ABSL_GUARDED_BY(mutex_);  // by last_sequence
};

}  // namespace tocsin::hub
