// The incidents of the log in memory, with their history and their alerts: what a commit changes of
// them, what is kept of an event that goes, and what is forgotten.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/strings.h"
#include "core/event/wire.h"
#include "hub/log/memory_log.h"
#include "hub/log/timeline_reading.h"

namespace tocsin::hub {

void MemoryLog::PutIncident(const IncidentPtr& incident) {
  KeptIncident& kept = incidents_[incident->id];
  size_t before = 0;
  if (kept.state != nullptr) {
    quietest_.erase(kept.state->last_sequence);
    before = kept.state->bytes();
  }
  kept.state = incident;
  kept.bytes += incident->bytes() - before;
  incident_bytes_ += incident->bytes() - before;
  quietest_[incident->last_sequence] = incident->id;
}

void MemoryLog::PutHistory(const HistoryRow& row) {
  const auto found = incidents_.find(row.incident);
  if (found == incidents_.end()) {
    return;
  }
  KeptIncident& kept = found->second;
  std::string& bytes = kept.notes[{row.kind, row.number}];
  kept.bytes += row.bytes.size() - bytes.size();
  incident_bytes_ += row.bytes.size() - bytes.size();
  bytes = row.bytes;
  if (bytes.empty()) {
    kept.notes.erase({row.kind, row.number});
  }
}

void MemoryLog::PutAlert(const AlertChange& change) {
  const auto found = incidents_.find(change.incident);
  if (found == incidents_.end()) {
    return;
  }
  KeptIncident& kept = found->second;
  size_t before = 0;
  if (const auto row = kept.alerts.find(change.fingerprint); row != kept.alerts.end()) {
    before = row->second.bytes();
    kept.alerts.erase(row);
  }
  const size_t after = change.row ? change.row->bytes() : 0;
  kept.bytes += after - before;
  incident_bytes_ += after - before;
  if (change.row) {
    kept.alerts.emplace(change.fingerprint, *change.row);
  }
}

void MemoryLog::PutFingerprint(const FingerprintChange& change) {
  if (change.incident.empty()) {
    fingerprints_.erase(change.fingerprint);
  } else if (incidents_.contains(change.incident)) {
    fingerprints_[change.fingerprint] = change.incident;
  }
}

void MemoryLog::ForgetFingerprint(std::string_view fingerprint, std::string_view incident) {
  const auto found = fingerprints_.find(ToAbsl(fingerprint));
  if (found != fingerprints_.end() && found->second == incident) {
    fingerprints_.erase(found);
  }
}

// The newest stays.
std::vector<std::string> MemoryLog::ForgetQuietest() {
  std::vector<std::string> forgotten;
  while (quietest_.size() > 1 && (incidents_.size() > options_.max_incidents ||
                                  incident_bytes_ > options_.max_incident_bytes)) {
    forgotten.push_back(ForgetIncident(quietest_.begin()->first));
  }
  return forgotten;
}

std::string MemoryLog::ForgetIncident(Sequence last_sequence) {
  const auto quiet = quietest_.find(last_sequence);
  const auto found = incidents_.find(quiet->second);
  incident_bytes_ -= found->second.bytes;
  // The one that it was created with may have no row.
  ForgetFingerprint(found->second.state->Parse().fingerprint(), quiet->second);
  for (const auto& [fingerprint, row] : found->second.alerts) {
    ForgetFingerprint(fingerprint, quiet->second);
  }
  incidents_.erase(found);
  std::string id = std::move(quiet->second);
  quietest_.erase(quiet);
  return id;
}

std::vector<std::string> MemoryLog::ForgetOver(absl::Time time) {
  std::vector<Sequence> over;
  for (const auto& [sequence, id] : quietest_) {
    const IncidentPtr& state = incidents_.find(id)->second.state;
    if (state->last_time >= time) {
      break;
    }
    if (!state->active()) {
      over.push_back(sequence);
    }
  }
  std::vector<std::string> forgotten;
  for (const Sequence sequence : over) {
    forgotten.push_back(ForgetIncident(sequence));
  }
  return forgotten;
}

void MemoryLog::KeepEntry(const EventRecord& event) {
  const auto found = incidents_.find(ToAbsl(IncidentIdIn(IncidentBytesOf(event.payload))));
  if (found == incidents_.end() ||
      event.cursor.sequence < found->second.state->history.timeline_since) {
    return;
  }
  const absl::StatusOr<v1::Event> whole = DecodeEventField(event.payload);
  if (!whole.ok()) {
    return;
  }
  KeptIncident& kept = found->second;
  const size_t bytes = kept.timeline.emplace_back(EntryOf(*whole)).bytes.size();
  kept.bytes += bytes;
  incident_bytes_ += bytes;
  while (kept.timeline.size() > kHistoryRows ||
         kept.timeline.front().sequence < kept.state->history.timeline_since) {
    ForgetEntry(kept);
  }
}

void MemoryLog::ForgetEntry(KeptIncident& kept) {
  const size_t bytes = kept.timeline.front().bytes.size();
  kept.bytes -= bytes;
  incident_bytes_ -= bytes;
  kept.timeline.pop_front();
}

}  // namespace tocsin::hub
