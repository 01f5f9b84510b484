#include "cli/incidents/incident_set.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "core/event/canonical.h"
#include "core/event/time_proto.h"

namespace tocsin::cli {
namespace {

using Kind = IncidentChange::Kind;

bool Same(const v1::Incident& a, const v1::Incident& b) {
  return CanonicalBytes(a) == CanonicalBytes(b);
}

}  // namespace

std::vector<IncidentChange> IncidentSet::Apply(const v1::SubscribeResponse& response) {
  std::vector<IncidentChange> changes;
  for (const v1::Incident& incident : response.snapshot().incidents()) {
    snapshot_[incident.id()] = incident;
  }
  if (response.snapshot().kind() == v1::SnapshotMark::KIND_LAST) Replace(changes);
  for (const v1::Event& event : response.events()) {
    if (event.has_incident()) Put(event.incident(), changes);
  }
  for (const v1::Left& left : response.leaves()) Remove(left, changes);
  return changes;
}

void IncidentSet::Broken() { snapshot_.clear(); }

void IncidentSet::Put(const v1::Incident& incident, std::vector<IncidentChange>& changes) {
  const auto [known, is_new] = incidents_.try_emplace(incident.id(), incident);
  if (!is_new) {
    if (Same(known->second, incident)) return;
    known->second = incident;
  }
  changes.push_back({is_new ? Kind::kEntered : Kind::kChanged, incident});
}

void IncidentSet::Remove(const v1::Left& left, std::vector<IncidentChange>& changes) {
  const auto known = incidents_.find(left.incident_id());
  if (known == incidents_.end()) return;
  changes.push_back({Kind::kLeft, left.has_incident() ? left.incident() : known->second});
  incidents_.erase(known);
}

// What has gone is told as it was known last.
void IncidentSet::Replace(std::vector<IncidentChange>& changes) {
  const ById before = std::exchange(incidents_, {});
  for (const auto& [id, incident] : before) {
    if (!snapshot_.contains(id)) changes.push_back({Kind::kLeft, incident});
  }
  for (auto& [id, incident] : std::exchange(snapshot_, {})) {
    const auto known = before.find(id);
    if (known == before.end()) {
      changes.push_back({Kind::kEntered, incident});
    } else if (!Same(known->second, incident)) {
      changes.push_back({Kind::kChanged, incident});
    }
    incidents_.emplace(id, std::move(incident));
  }
  whole_ = true;
}

std::vector<const v1::Incident*> IncidentSet::Sorted() const {
  std::vector<const v1::Incident*> sorted;
  sorted.reserve(incidents_.size());
  for (const auto& [id, incident] : incidents_) sorted.push_back(&incident);
  const auto order = [](const v1::Incident* incident) {
    const absl::Time changed = ToTime(incident->updated_at());
    return std::tuple(incident->severity(), -absl::ToUnixMicros(changed));
  };
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](const auto* a, const auto* b) { return order(a) < order(b); });
  return sorted;
}

}  // namespace tocsin::cli
