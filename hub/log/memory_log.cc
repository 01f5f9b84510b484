#include "hub/log/memory_log.h"

#include <algorithm>
#include <utility>

#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/wire.h"
#include "hub/log/incident_links.h"
#include "hub/log/log_extent.h"
#include "hub/log/timeline_reading.h"

namespace tocsin::hub {
namespace {

class MemoryIncidentSnapshot final : public IncidentSnapshot {
 public:
  MemoryIncidentSnapshot(const Cursor& place, FilterPtr filter, std::vector<IncidentPtr> incidents)
      : IncidentSnapshot(place, std::move(filter)), incidents_(std::move(incidents)) {}

  absl::StatusOr<bool> Read(size_t max_looked_at, Take take) override {
    bool more = true;
    for (size_t i = 0; more && i < max_looked_at && !incidents_.empty(); ++i) {
      const IncidentPtr incident = std::move(incidents_.back());
      incidents_.pop_back();
      ASSIGN_OR_RETURN(const bool matches, Matches(incident->core));
      more = !matches || take(incident->core);
    }
    return !incidents_.empty();
  }

 private:
  std::vector<IncidentPtr> incidents_;  // those that are left
};

}  // namespace

MemoryLog::MemoryLog(MemoryLogOptions options)
    : options_(std::move(options)), epochs_(options_.epochs) {
  if (epochs_.empty()) {
    epochs_.Begin(options_.epoch, /*earliest=*/0, /*last=*/0);
  }
}

absl::Status MemoryLog::Append(CommitPtr batch) {
  if (batch->events.empty()) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(std::vector<std::string> forgotten, Put(*batch));
  Announce(std::move(batch));
  AnnounceForgotten(std::move(forgotten));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> MemoryLog::Put(const LogBatch& batch) {
  MutexLock lock(mutex_);
  RETURN_IF_ERROR(CheckBatch(batch, last_));
  for (const EventPtr& event : batch.events) {
    events_.push_back(event);
    bytes_ += event->payload.size();
    last_ = event->cursor.sequence;
  }
  const std::vector<Sequence> links = IncidentLinks(batch);
  links_.insert(links_.end(), links.begin(), links.end());
  dedup_.insert(dedup_.end(), batch.dedup.begin(), batch.dedup.end());
  while (dedup_.size() > limits::kDedupIds) {
    dedup_.pop_front();
  }
  for (const IncidentChange& change : batch.incidents) {
    PutIncident(change.after);
  }
  for (const HistoryRow& row : batch.history) {
    PutHistory(row);
  }
  for (const AlertChange& change : batch.alerts) {
    PutAlert(change);
  }
  for (const FingerprintChange& change : batch.fingerprints) {
    PutFingerprint(change);
  }
  Keep(options_.retention, events_.back()->time);
  return ForgetQuietest();
}

absl::Status MemoryLog::Trim(const Retention& retention, absl::Time now) {
  std::vector<std::string> forgotten;
  {
    MutexLock lock(mutex_);
    Keep(retention, now);
    forgotten = ForgetOver(now - retention.max_over_age);
    while (!dedup_.empty() && dedup_.front().time < now - limits::kDedupWindow) {
      dedup_.pop_front();
    }
  }
  AnnounceForgotten(std::move(forgotten));
  return absl::OkStatus();
}

LogExtent MemoryLog::extent() const {
  MutexLock lock(mutex_);
  return ExtentLocked();
}

LogExtent MemoryLog::ExtentLocked() const {
  return MakeExtent(epochs_, last_ + 1 - events_.size(), last_, bytes_);
}

absl::StatusOr<std::vector<EventPtr>> MemoryLog::Read(Sequence after, size_t max_events,
                                                      size_t max_bytes) const {
  MutexLock lock(mutex_);
  const Sequence before_first = last_ - events_.size();
  if (after < before_first) {
    return ExpiredError(after, ExtentLocked());
  }
  std::vector<EventPtr> read;
  size_t bytes = 0;
  for (size_t i = after - before_first; i < events_.size() && read.size() < max_events; ++i) {
    bytes += events_[i]->payload.size();
    if (!read.empty() && bytes > max_bytes) {
      break;
    }
    read.push_back(events_[i]);
  }
  return read;
}

absl::StatusOr<Sequence> MemoryLog::PlaceAt(absl::Time time) const {
  MutexLock lock(mutex_);
  const auto found =
      std::lower_bound(events_.begin(), events_.end(), time,
                       [](const EventPtr& event, absl::Time t) { return event->time < t; });
  return last_ - static_cast<Sequence>(events_.end() - found);
}

absl::StatusOr<Sequence> MemoryLog::PreviousOfIncident(Sequence sequence) const {
  MutexLock lock(mutex_);
  const Sequence before_first = last_ - events_.size();
  if (sequence <= before_first || sequence > last_) {
    return 0;
  }
  const Sequence previous = links_[sequence - before_first - 1];
  return previous > before_first ? previous : 0;
}

uint64_t MemoryLog::incident_bytes() const {
  MutexLock lock(mutex_);
  return incident_bytes_;
}

absl::StatusOr<IncidentPtr> MemoryLog::GetIncident(std::string_view id) const {
  MutexLock lock(mutex_);
  const auto found = incidents_.find(ToAbsl(id));
  return found == incidents_.end() ? nullptr : found->second.state;
}

absl::StatusOr<v1::Incident> MemoryLog::ReadHistory(std::string_view id) const {
  MutexLock lock(mutex_);
  v1::Incident history;
  const auto found = incidents_.find(ToAbsl(id));
  if (found == incidents_.end()) {
    return history;
  }
  const KeptIncident& kept = found->second;
  TimelineReading timeline(id, kept.state->history.timeline_since);
  ReadEvents(kept.state->last_sequence, timeline);
  timeline.AddRow({.entries = {kept.timeline.begin(), kept.timeline.end()}});
  for (const auto& [key, bytes] : kept.notes) {
    const bool is_note = key.first == HistoryKind::kNote;
    is_note ? AddHistoryRow(key.first, bytes, history) : timeline.AddGiven(bytes);
  }
  RETURN_IF_ERROR(timeline.Finish(history));
  return history;
}

void MemoryLog::ReadEvents(Sequence newest, TimelineReading& timeline) const {
  const Sequence before_first = last_ - events_.size();
  for (Sequence at = newest; at > before_first && timeline.wants(at);) {
    const size_t index = at - before_first - 1;
    timeline.AddEvent(at, events_[index]->payload);
    at = links_[index];
  }
}

absl::Status MemoryLog::ScanIncidents(
    absl::FunctionRef<bool(const StoredIncident& incident)> look) const {
  std::vector<IncidentPtr> incidents;
  {
    MutexLock lock(mutex_);
    for (const auto& [id, kept] : incidents_) {
      incidents.push_back(kept.state);
    }
  }
  for (const IncidentPtr& incident : incidents) {
    if (!look({incident->last_sequence, incident->history, incident->core})) {
      break;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<IncidentSnapshot>> MemoryLog::SnapshotIncidents(
    FilterPtr filter) const {
  MutexLock lock(mutex_);
  std::vector<IncidentPtr> incidents;
  incidents.reserve(incidents_.size());
  for (const auto& [id, kept] : incidents_) {
    incidents.push_back(kept.state);
  }
  return std::make_unique<MemoryIncidentSnapshot>(epochs_.PlaceAfter(last_), std::move(filter),
                                                  std::move(incidents));
}

absl::StatusOr<std::string> MemoryLog::IncidentOfFingerprint(std::string_view fingerprint) const {
  MutexLock lock(mutex_);
  const auto found = fingerprints_.find(ToAbsl(fingerprint));
  return found == fingerprints_.end() ? std::string() : found->second;
}

absl::StatusOr<std::optional<AlertRow>> MemoryLog::GetAlert(std::string_view incident,
                                                            std::string_view fingerprint) const {
  MutexLock lock(mutex_);
  const auto found = incidents_.find(ToAbsl(incident));
  if (found == incidents_.end()) {
    return std::optional<AlertRow>();
  }
  const auto row = found->second.alerts.find(fingerprint);
  return row == found->second.alerts.end() ? std::nullopt : std::optional(row->second);
}

absl::StatusOr<std::vector<AlertRow>> MemoryLog::ReadAlerts(std::string_view incident) const {
  MutexLock lock(mutex_);
  std::vector<AlertRow> rows;
  if (const auto found = incidents_.find(ToAbsl(incident)); found != incidents_.end()) {
    for (const auto& [fingerprint, row] : found->second.alerts) {
      rows.push_back(row);
    }
  }
  return rows;
}

absl::StatusOr<std::vector<OpenAlert>> MemoryLog::ReadOpenAlerts() const {
  MutexLock lock(mutex_);
  std::vector<OpenAlert> open;
  for (const auto& [id, kept] : incidents_) {
    for (const auto& [fingerprint, row] : kept.alerts) {
      if (row.open()) {
        open.push_back({id, fingerprint, row.ends_at});
      }
    }
  }
  return open;
}

absl::StatusOr<std::vector<DedupEntry>> MemoryLog::ReadDedup() const {
  MutexLock lock(mutex_);
  return std::vector<DedupEntry>(dedup_.begin(), dedup_.end());
}

void MemoryLog::DropOldest() {
  KeepEntry(*events_.front());
  bytes_ -= events_.front()->payload.size();
  events_.pop_front();
  links_.pop_front();
}

void MemoryLog::Keep(const Retention& retention, absl::Time now) {
  const absl::Time oldest = now - retention.max_age;
  while (!events_.empty() &&
         ((retention.max_events != 0 && events_.size() > retention.max_events) ||
          (retention.max_bytes != 0 && bytes_ > retention.max_bytes) ||
          events_.front()->time < oldest)) {
    DropOldest();
  }
}

}  // namespace tocsin::hub
