// metered_log.h: a log whose appends are counted and timed.
//
// Threads: as the log it stands before.
// Owns:    that log.
#pragma once

#include <memory>
#include <utility>

#include "core/base/clock.h"
#include "hub/log/log.h"
#include "hub/service/metrics.h"

namespace tocsin::hub {

class MeteredLog final : public Log {
 public:
  MeteredLog(std::unique_ptr<Log> log, HubMetrics& metrics, Clock& clock)
      : log_(std::move(log)), metrics_(metrics), clock_(clock) {}

  std::string_view name() const override { return log_->name(); }
  bool shared() const override { return log_->shared(); }
  void Follow(LogFollower* follower) override { log_->Follow(follower); }
  absl::Status Append(CommitPtr batch) override {
    const absl::Duration begun = clock_.Monotonic();
    const size_t events = batch->events.size();
    const absl::Status status = log_->Append(std::move(batch));
    metrics_.Committed(events, clock_.Monotonic() - begun);
    return status;
  }
  absl::Status CheckWritable() const override { return log_->CheckWritable(); }
  absl::Status Trim(const Retention& retention, absl::Time now) override {
    return log_->Trim(retention, now);
  }
  absl::Status PrepareTrim(const Retention& retention, absl::Time now) override {
    return log_->PrepareTrim(retention, now);
  }
  absl::Status Sync() override { return log_->Sync(); }
  absl::Status Close() override { return log_->Close(); }
  LogExtent extent() const override { return log_->extent(); }
  const Epochs& epochs() const override { return log_->epochs(); }
  LogReport report() const override { return log_->report(); }
  absl::StatusOr<std::vector<EventPtr>> Read(Sequence after, size_t max_events,
                                             size_t max_bytes) const override {
    return log_->Read(after, max_events, max_bytes);
  }
  absl::StatusOr<LogMatches> ReadMatching(Sequence after, size_t max_events, size_t max_bytes,
                                          const Filter& filter) const override {
    return log_->ReadMatching(after, max_events, max_bytes, filter);
  }
  absl::StatusOr<Sequence> PlaceAt(absl::Time time) const override { return log_->PlaceAt(time); }
  absl::StatusOr<Sequence> PreviousOfIncident(Sequence sequence) const override {
    return log_->PreviousOfIncident(sequence);
  }
  uint64_t incident_bytes() const override { return log_->incident_bytes(); }
  absl::StatusOr<IncidentPtr> GetIncident(std::string_view id) const override {
    return log_->GetIncident(id);
  }
  absl::StatusOr<v1::Incident> ReadHistory(std::string_view id) const override {
    return log_->ReadHistory(id);
  }
  absl::Status ScanIncidents(
      absl::FunctionRef<bool(const StoredIncident& incident)> look) const override {
    return log_->ScanIncidents(look);
  }
  absl::StatusOr<std::unique_ptr<IncidentSnapshot>> SnapshotIncidents(
      FilterPtr filter) const override {
    return log_->SnapshotIncidents(std::move(filter));
  }
  absl::StatusOr<std::string> IncidentOfFingerprint(std::string_view fingerprint) const override {
    return log_->IncidentOfFingerprint(fingerprint);
  }
  absl::StatusOr<std::optional<AlertRow>> GetAlert(std::string_view incident,
                                                   std::string_view fingerprint) const override {
    return log_->GetAlert(incident, fingerprint);
  }
  absl::StatusOr<std::vector<AlertRow>> ReadAlerts(std::string_view incident) const override {
    return log_->ReadAlerts(incident);
  }
  absl::StatusOr<std::vector<OpenAlert>> ReadOpenAlerts() const override {
    return log_->ReadOpenAlerts();
  }
  absl::StatusOr<std::vector<DedupEntry>> ReadDedup() const override { return log_->ReadDedup(); }

 private:
  const std::unique_ptr<Log> log_;
  HubMetrics& metrics_;
  Clock& clock_;
};

}  // namespace tocsin::hub
