// log.h: the one ordered log of events, with what must never disagree with it: the dedup ids, the
// incident table and the alerts that incidents have taken.
//
// Shape:   one Append is one group commit: events, dedup ids, incidents and alerts together or not
//          at all. A commit is staged at the log's end and stands only there: where somebody else
//          was first it is refused, and is staged again upon what they appended. Every commit is
//          handed to the log's follower, in order, whoever appended it.
// Threads: Append and Trim one at a time; everything else from any thread.
// Errors:  a log that failed to write stays readable, and every further Append fails with
//          UNAVAILABLE. A full disk may be tried again (free_space.h). Damage is DATA_LOSS.
// Source:  docs/guarantees.md
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/event/cursor.h"
#include "core/event/filter.h"
#include "core/event/limits.h"
#include "core/event/record.h"
#include "hub/log/alert_row.h"
#include "hub/log/epochs.h"
#include "hub/log/incident_snapshot.h"
#include "hub/log/incident_state.h"
#include "hub/log/log_report.h"

namespace tocsin::hub {

enum class Durability {
  kAlways,    // acknowledged after the sync
  kInterval,  // synced at an interval; an unclean end of the machine may lose the last of it
  kMemory,    // never synced by the hub
};

// Of an id whose content is not known any more, or was hashed by another version's rule: any
// content counts as the same.
inline constexpr uint64_t kUnknownContent = 0;

// One id of the dedup window.
struct DedupEntry {
  std::string id;        // canonical UUID
  uint64_t content = 0;  // fingerprint of what was published
  Sequence sequence = 0;
  absl::Time time;
  std::string incident_id;  // that the event is about, or that took its alert
};

// What a DedupEntry has of an event.
std::string_view DedupIncidentOf(const v1::Event& event);

// A group commit. Its sequences are contiguous; the first one follows the end that it was staged
// at.
struct LogBatch {
  std::vector<EventPtr> events;           // payload: the wire form (core/event/wire.h)
  std::vector<DedupEntry> dedup;          // one an event
  std::vector<IncidentChange> incidents;  // each once, as it stands before and after the batch
  std::vector<HistoryRow> history;  // in order; the events' entries of timelines are not in it
  std::vector<AlertChange> alerts;  // each row once
  std::vector<FingerprintChange> fingerprints;  // each once
};

using CommitPtr = std::shared_ptr<const LogBatch>;

// An incident of the table; the bytes are good while it is looked at.
struct StoredIncident {
  Sequence last_sequence = 0;
  HistoryExtent history;
  std::string_view core;  // as IncidentState has it
};

class LogFollower {
 public:
  virtual ~LogFollower() = default;
  // A commit that is as durable as the log makes it; in the log's order. On any thread; one of the
  // hub's own comes before its Append returns.
  virtual void OnCommit(CommitPtr commit) = 0;
  // Incidents that the log has dropped from its table, by their ids; in order with the commits.
  virtual void OnForgotten(std::vector<std::string> /*incidents*/) {}
};

struct Retention {
  uint64_t max_events = 0;  // 0: no bound
  uint64_t max_bytes = 0;
  absl::Duration max_age = absl::InfiniteDuration();
  // An incident that is resolved or closed goes so long after its last event; an active one never.
  absl::Duration max_over_age = limits::kOverIncidentAge;
};

struct LogExtent {
  Cursor earliest;  // resuming from it gives the oldest event held
  Cursor latest;    // the newest event, or earliest when none is held
  uint64_t events = 0;
  uint64_t bytes = 0;
};

struct LogMatches {
  std::vector<EventPtr> events;
  Sequence looked_at = 0;  // up to it; `after` at the end of the log
};

class Log {
 public:
  virtual ~Log() = default;

  virtual std::string_view name() const = 0;  // "rocksdb", "memory"
  // Whether others append to it as well.
  virtual bool shared() const { return false; }
  // Of all commits from here on; nullptr: nobody.
  virtual void Follow(LogFollower* follower) { follower_ = follower; }
  // ABORTED when the log's end is not where the batch was staged: another was first.
  virtual absl::Status Append(CommitPtr batch) = 0;
  // What an Append would be refused with now, if with anything.
  virtual absl::Status CheckWritable() const = 0;
  // Drops what retention does not keep, as of `now`.
  virtual absl::Status Trim(const Retention& retention, absl::Time now) = 0;
  // Does the larger part of that beforehand, on any thread, beside Append: the next Trim then goes
  // as far as this has prepared, and does not take long.
  virtual absl::Status PrepareTrim(const Retention& /*retention*/, absl::Time /*now*/) {
    return absl::OkStatus();
  }
  // Makes what was appended without a sync durable. On any thread, beside Append.
  virtual absl::Status Sync() = 0;
  // A clean end: after it the next start knows that nothing was lost.
  virtual absl::Status Close() = 0;

  virtual LogExtent extent() const = 0;
  // Not changed while the log is open.
  virtual const Epochs& epochs() const = 0;
  // How the log was found when it was opened.
  virtual LogReport report() const { return {}; }

  // Events after `after`, at most so many and about so many bytes (at least one). Empty at the end.
  // CURSOR_EXPIRED when `after` is before the earliest place held, DATA_LOSS when an event in the
  // range cannot be read.
  virtual absl::StatusOr<std::vector<EventPtr>> Read(Sequence after, size_t max_events,
                                                     size_t max_bytes) const = 0;
  // The same of those that concern `filter` (its verdict is not kNone). Unless it tells leaves,
  // their records may be without facts. The bounds are of what is looked at.
  virtual absl::StatusOr<LogMatches> ReadMatching(Sequence after, size_t max_events,
                                                  size_t max_bytes, const Filter& filter) const;
  // The place before the first event held that was accepted at or after `time` (the end when there
  // is none).
  virtual absl::StatusOr<Sequence> PlaceAt(absl::Time time) const = 0;

  // The event before this one about the same incident; 0 when none is held. Those of
  // before the incident was dropped from the table are not told.
  virtual absl::StatusOr<Sequence> PreviousOfIncident(Sequence sequence) const = 0;
  // What incidents, history and their order take on the disk, or in memory.
  virtual uint64_t incident_bytes() const = 0;
  // Nullptr when none is known.
  virtual absl::StatusOr<IncidentPtr> GetIncident(std::string_view id) const = 0;
  // Its timeline and notes, the oldest first; empty when it is unknown. The timeline is told by the
  // incident's events, and by what was kept of those that retention took.
  virtual absl::StatusOr<v1::Incident> ReadHistory(std::string_view id) const = 0;
  // Every incident once, in no order, until `look` answers false.
  virtual absl::Status ScanIncidents(
      absl::FunctionRef<bool(const StoredIncident& incident)> look) const = 0;
  // The incidents that `filter` matches, at the log's present end.
  virtual absl::StatusOr<std::unique_ptr<IncidentSnapshot>> SnapshotIncidents(
      FilterPtr filter) const = 0;
  // The newest incident that took the fingerprint; "" when none is known.
  virtual absl::StatusOr<std::string> IncidentOfFingerprint(std::string_view fingerprint) const = 0;
  // Nothing when the incident has not taken it.
  virtual absl::StatusOr<std::optional<AlertRow>> GetAlert(std::string_view incident,
                                                           std::string_view fingerprint) const = 0;
  // All rows of an incident, in the order of their fingerprints.
  virtual absl::StatusOr<std::vector<AlertRow>> ReadAlerts(std::string_view incident) const = 0;
  // The open alerts of all incidents, in no order.
  virtual absl::StatusOr<std::vector<OpenAlert>> ReadOpenAlerts() const = 0;
  // The dedup window's entries, oldest first, for the sequencer to start with.
  virtual absl::StatusOr<std::vector<DedupEntry>> ReadDedup() const = 0;

 protected:
  void Announce(CommitPtr commit) {
    if (follower_ != nullptr) {
      follower_->OnCommit(std::move(commit));
    }
  }
  void AnnounceForgotten(std::vector<std::string> incidents) {
    if (follower_ != nullptr && !incidents.empty()) {
      follower_->OnForgotten(std::move(incidents));
    }
  }

 private:
  LogFollower* follower_ = nullptr;
};

}  // namespace tocsin::hub
