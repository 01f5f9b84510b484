#include "hub/alerts.h"

#include <algorithm>
#include <tuple>

#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/event/time_proto.h"

namespace tocsin::hub {
namespace {

// What was reported since the incident's row was written.
void TakeIn(const FiringAlerts::Firing* firing, std::string_view incident, AlertRow& row) {
  if (firing == nullptr || firing->incident != incident) {
    return;
  }
  row.firing_at = std::max(row.firing_at, firing->at);
  if (firing->end != absl::InfiniteFuture()) {
    row.ends_at = std::max(row.ends_at.value_or(firing->end), firing->end);
  }
}

}  // namespace

absl::StatusOr<KnownAlert> Alerts::Find(std::string_view fingerprint) {
  KnownAlert known;
  ASSIGN_OR_RETURN(const std::string incident, IncidentOf(fingerprint));
  if (incident.empty()) {
    return known;
  }
  ASSIGN_OR_RETURN(known.incident, incidents_.Find(incident));
  if (known.incident == nullptr) {
    return known;
  }
  ASSIGN_OR_RETURN(known.row, RowOf(incident, std::string(fingerprint)));
  if (known.row) {
    TakeIn(firing_.Find(fingerprint), incident, *known.row);
  }
  return known;
}

absl::Status Alerts::Take(const v1::Event& event) {
  const v1::Incident& incident = event.incident();
  if (event.type() == v1::EVENT_TYPE_ALERT_CONVERTED) {
    return TakeAlert(incident.id(), event.alert_converted().alert(), event.sequence(),
                     ToTime(event.time()));
  }
  if (event.type() == v1::EVENT_TYPE_INCIDENT_CREATED && !incident.fingerprint().empty()) {
    RETURN_IF_ERROR(CloseIn(incident.id(), incident.fingerprint()));
    request_.incident_of[incident.fingerprint()] = incident.id();
  }
  return absl::OkStatus();
}

absl::Status Alerts::TakeAlert(std::string_view incident, const v1::Alert& alert, Sequence sequence,
                               absl::Time time) {
  const std::string id(incident);
  const std::string& fingerprint = alert.fingerprint();
  RETURN_IF_ERROR(CloseIn(id, fingerprint));
  request_.incident_of[fingerprint] = id;
  ASSIGN_OR_RETURN(std::optional<AlertRow> before, RowOf(id, fingerprint));
  if (before) {
    TakeIn(firing_.Find(fingerprint), incident, *before);
  } else {
    RETURN_IF_ERROR(DropQuietest(id));
  }
  return SetRow(id, fingerprint, before,
                RowAfter(alert, before ? &*before : nullptr, sequence, time));
}

// Where the report meets a row that this group has made or changed, that row takes it in; else it
// is remembered beside the log.
void Alerts::Renew(const v1::Alert& alert, const KnownAlert& known) {
  if (Planted("alert-not-renewed")) return;
  if (!known.open() || alert.status() != v1::ALERT_STATUS_FIRING) {
    return;
  }
  const absl::Time at = ToTime(alert.timestamp());
  const std::optional<absl::Time> end =
      alert.has_ends_at() ? std::optional(ToTime(alert.ends_at())) : std::nullopt;
  const auto staged = group_.rows.find({known.incident->id, alert.fingerprint()});
  if (staged == group_.rows.end() || !staged->second) {
    return firing_.Renew(alert.fingerprint(), at, end);
  }
  AlertRow& row = *staged->second;
  row.firing_at = std::max(row.firing_at, at);
  row.ends_at = row.ends_at && end ? std::max(*row.ends_at, *end) : end ? end : row.ends_at;
}

void Alerts::KeepRequest() {
  for (auto& [fingerprint, incident] : request_.incident_of) {
    group_.incident_of[fingerprint] = std::move(incident);
  }
  for (auto& [key, row] : request_.rows) {
    group_.rows[key] = std::move(row);
  }
  DropRequest();
}

void Alerts::AddGroupChanges(LogBatch& batch) const {
  for (const auto& [key, row] : group_.rows) {
    batch.alerts.push_back({key.first, key.second, row});
  }
  for (const auto& [fingerprint, incident] : group_.incident_of) {
    batch.fingerprints.push_back({fingerprint, incident});
  }
}

void Alerts::DropGroup() {
  DropRequest();
  group_ = Layer();
}

absl::StatusOr<std::string> Alerts::IncidentOf(std::string_view fingerprint) const {
  for (const Layer* layer : {&request_, &group_}) {
    if (const auto found = layer->incident_of.find(fingerprint);
        found != layer->incident_of.end()) {
      return found->second;
    }
  }
  return log_.IncidentOfFingerprint(fingerprint);
}

absl::StatusOr<std::optional<AlertRow>> Alerts::RowOf(const std::string& incident,
                                                      const std::string& fingerprint) const {
  for (const Layer* layer : {&request_, &group_}) {
    if (const auto found = layer->rows.find({incident, fingerprint}); found != layer->rows.end()) {
      return found->second;
    }
  }
  return log_.GetAlert(incident, fingerprint);
}

absl::Status Alerts::SetRow(const std::string& incident, const std::string& fingerprint,
                            const std::optional<AlertRow>& before, std::optional<AlertRow> after) {
  ASSIGN_OR_RETURN(const IncidentPtr state, incidents_.Find(incident));
  if (state == nullptr) {
    return absl::OkStatus();
  }
  AlertCounts counts = state->alerts;
  counts.rows += (after ? 1u : 0u) - (before ? 1u : 0u);
  counts.open += (after && after->open() ? 1u : 0u) - (before && before->open() ? 1u : 0u);
  incidents_.SetAlerts(*state, counts);
  request_.rows[{incident, fingerprint}] = std::move(after);
  return absl::OkStatus();
}

// The fingerprint moves to `incident`: an open row in the one that took it before is resolved.
absl::Status Alerts::CloseIn(const std::string& incident, const std::string& fingerprint) {
  ASSIGN_OR_RETURN(const std::string earlier, IncidentOf(fingerprint));
  if (earlier.empty() || earlier == incident) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::optional<AlertRow> before, RowOf(earlier, fingerprint));
  if (!before || !before->open()) {
    return absl::OkStatus();
  }
  AlertRow after = *before;
  after.shown.set_status(v1::ALERT_STATUS_RESOLVED);
  return SetRow(earlier, fingerprint, before, std::move(after));
}

// Makes room for a row where the incident has as many as it may: of those that are resolved the one
// that has been quiet the longest goes, else of all. Seldom, for it reads all rows: an alert that
// is submitted comes to an incident with its own fingerprint only.
absl::Status Alerts::DropQuietest(const std::string& incident) {
  ASSIGN_OR_RETURN(const IncidentPtr state, incidents_.Find(incident));
  if (state == nullptr || state->alerts.rows < kAlertRows) {
    return absl::OkStatus();
  }
  std::map<std::string, std::optional<AlertRow>> rows;
  ASSIGN_OR_RETURN(std::vector<AlertRow> kept, log_.ReadAlerts(incident));
  for (AlertRow& row : kept) {
    std::string fingerprint = row.shown.fingerprint();
    rows[std::move(fingerprint)] = std::move(row);
  }
  for (const Layer* layer : {&group_, &request_}) {
    for (auto it = layer->rows.lower_bound({incident, ""});
         it != layer->rows.end() && it->first.first == incident; ++it) {
      rows[it->first.second] = it->second;
    }
  }
  std::erase_if(rows, [](const auto& entry) { return !entry.second; });
  const auto rank = [](const auto& entry) {
    return std::tuple(entry.second->open(), ToTime(entry.second->shown.last_at()));
  };
  const auto quietest = std::min_element(
      rows.begin(), rows.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  if (quietest == rows.end()) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::string taken_by, IncidentOf(quietest->first));
  if (taken_by == incident) {
    request_.incident_of[quietest->first] = "";
  }
  return SetRow(incident, quietest->first, quietest->second, std::nullopt);
}

}  // namespace tocsin::hub
