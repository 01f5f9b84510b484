// wrapped_log.h: a memory log whose appends fail and whose events are damaged when told, and that
// lets something happen before an incident is read and during a sync.
#pragma once

#include <atomic>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "hub/log/memory_log.h"

namespace tocsin::hub {

class WrappedLog : public Log {
 public:
  explicit WrappedLog(MemoryLogOptions options = {}) : log(std::move(options)) {}

  std::string_view name() const override { return "wrapped"; }
  void Follow(LogFollower* follower) override { log.Follow(follower); }
  absl::Status Append(CommitPtr batch) override {
    ++appends;
    return append_error.ok() ? log.Append(std::move(batch)) : append_error;
  }
  absl::Status CheckWritable() const override {
    return append_error.ok() ? sync_error : append_error;
  }
  absl::Status Trim(const Retention& retention, absl::Time now) override {
    ++trims;
    return log.Trim(retention, now);
  }
  absl::Status PrepareTrim(const Retention& retention, absl::Time now) override {
    ++preparations;
    return log.PrepareTrim(retention, now);
  }
  absl::Status Sync() override {
    ++syncs;
    during_sync();
    return sync_error;
  }
  absl::Status Close() override { return log.Close(); }
  LogExtent extent() const override { return log.extent(); }
  const Epochs& epochs() const override { return log.epochs(); }
  absl::StatusOr<std::vector<EventPtr>> Read(Sequence after, size_t max_events,
                                             size_t max_bytes) const override {
    if (damaged.contains(after + 1)) {
      return absl::DataLossError("damaged");
    }
    const auto next = damaged.upper_bound(after);
    const size_t readable = next == damaged.end() ? max_events : *next - after - 1;
    return log.Read(after, std::min(max_events, readable), max_bytes);
  }
  absl::StatusOr<Sequence> PlaceAt(absl::Time time) const override { return log.PlaceAt(time); }
  absl::StatusOr<Sequence> PreviousOfIncident(Sequence sequence) const override {
    return log.PreviousOfIncident(sequence);
  }
  uint64_t incident_bytes() const override { return log.incident_bytes(); }
  absl::StatusOr<IncidentPtr> GetIncident(std::string_view id) const override {
    ++incident_reads;
    before_incident_read();
    return log.GetIncident(id);
  }
  absl::StatusOr<v1::Incident> ReadHistory(std::string_view id) const override {
    return log.ReadHistory(id);
  }
  absl::Status ScanIncidents(
      absl::FunctionRef<bool(const StoredIncident& incident)> look) const override {
    return log.ScanIncidents(look);
  }
  absl::StatusOr<std::unique_ptr<IncidentSnapshot>> SnapshotIncidents(
      FilterPtr filter) const override {
    return log.SnapshotIncidents(std::move(filter));
  }
  absl::StatusOr<std::string> IncidentOfFingerprint(std::string_view fingerprint) const override {
    return log.IncidentOfFingerprint(fingerprint);
  }
  absl::StatusOr<std::optional<AlertRow>> GetAlert(std::string_view incident,
                                                   std::string_view fingerprint) const override {
    return log.GetAlert(incident, fingerprint);
  }
  absl::StatusOr<std::vector<AlertRow>> ReadAlerts(std::string_view incident) const override {
    return log.ReadAlerts(incident);
  }
  absl::StatusOr<std::vector<OpenAlert>> ReadOpenAlerts() const override {
    return log.ReadOpenAlerts();
  }
  absl::StatusOr<std::vector<DedupEntry>> ReadDedup() const override { return log.ReadDedup(); }

  MemoryLog log;
  absl::Status append_error;
  absl::Status sync_error;
  std::set<Sequence> damaged;
  int appends = 0;
  int trims = 0;
  std::atomic<int> preparations = 0;
  std::atomic<int> syncs = 0;
  mutable int incident_reads = 0;
  std::function<void()> before_incident_read = [] {};
  std::function<void()> during_sync = [] {};
};

}  // namespace tocsin::hub
