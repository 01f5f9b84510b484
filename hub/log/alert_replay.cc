#include "hub/log/alert_replay.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "core/base/status_macros.h"
#include "core/event/time_proto.h"
#include "hub/log/rocksdb_alerts.h"

namespace tocsin::hub {
namespace {

// The hub gives a submitted alert the time of its event, and the event the alert's source.
bool WasSubmitted(const v1::Event& event) {
  const v1::Alert& alert = event.alert_received().alert();
  return event.actor() == alert.source() && alert.has_received_at() &&
         ToTime(alert.received_at()) == ToTime(event.time());
}

}  // namespace

absl::Status AlertReplay::Take(const v1::Event& event) {
  switch (event.type()) {
    case v1::EVENT_TYPE_ALERT_RECEIVED:
      return TakeReceived(event);
    case v1::EVENT_TYPE_INCIDENT_CREATED:
      return TakeCreated(event);
    case v1::EVENT_TYPE_ALERT_CONVERTED:
      return TakeAlert(event.incident().id(), event.alert_converted().alert(), event.sequence(),
                       ToTime(event.time()));
    default:
      return absl::OkStatus();
  }
}

absl::Status AlertReplay::TakeReceived(const v1::Event& event) {
  const v1::Alert& alert = event.alert_received().alert();
  received_.reset();
  if (!WasSubmitted(event)) {
    return absl::OkStatus();
  }
  if (!alert.incident_id().empty()) {
    received_ = {alert, event.sequence()};
    return absl::OkStatus();
  }
  const RocksDbAlerts alerts(store_);
  ASSIGN_OR_RETURN(const std::string incident, alerts.IncidentOf(alert.fingerprint()));
  if (incident.empty()) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::optional<AlertRow> row, alerts.Get(incident, alert.fingerprint()));
  return row && row->open() ? TakeAlert(incident, alert, event.sequence(), ToTime(event.time()))
                            : absl::OkStatus();
}

absl::Status AlertReplay::TakeCreated(const v1::Event& event) {
  const v1::Incident& incident = event.incident();
  const std::optional<Received> received = std::exchange(received_, std::nullopt);
  if (!knows_(incident.id())) {
    return absl::OkStatus();
  }
  if (!incident.fingerprint().empty()) {
    LogBatch change;
    RETURN_IF_ERROR(CloseIn(incident.id(), incident.fingerprint(), change));
    change.fingerprints.push_back({incident.fingerprint(), incident.id()});
    RETURN_IF_ERROR(Write(change));
  }
  const bool opened = received && received->sequence + 1 == event.sequence() &&
                      received->alert.incident_id() == incident.id();
  return opened
             ? TakeAlert(incident.id(), received->alert, received->sequence, ToTime(event.time()))
             : absl::OkStatus();
}

absl::Status AlertReplay::TakeAlert(std::string_view incident, const v1::Alert& alert,
                                    Sequence sequence, absl::Time time) {
  if (!knows_(incident)) {
    return absl::OkStatus();
  }
  LogBatch change;
  RETURN_IF_ERROR(CloseIn(incident, alert.fingerprint(), change));
  change.fingerprints.push_back({alert.fingerprint(), std::string(incident)});
  ASSIGN_OR_RETURN(const std::optional<AlertRow> before,
                   RocksDbAlerts(store_).Get(incident, alert.fingerprint()));
  if (!before) {
    RETURN_IF_ERROR(MakeRoom(incident, change));
  }
  change.alerts.push_back({std::string(incident), alert.fingerprint(),
                           RowAfter(alert, before ? &*before : nullptr, sequence, time)});
  return Write(change);
}

absl::Status AlertReplay::Forget(std::string_view incident) {
  const auto rows = rows_.find(*PackUuid(incident));
  if (rows == rows_.end()) {
    return absl::OkStatus();
  }
  rows_.erase(rows);
  const RocksDbAlerts alerts(store_);
  ASSIGN_OR_RETURN(const std::vector<AlertRow> kept, alerts.Of(incident));
  LogBatch change;
  for (const AlertRow& row : kept) {
    const std::string& fingerprint = row.shown.fingerprint();
    change.alerts.push_back({std::string(incident), fingerprint, std::nullopt});
    ASSIGN_OR_RETURN(const std::string taken_by, alerts.IncidentOf(fingerprint));
    if (taken_by == incident) {
      change.fingerprints.push_back({fingerprint, ""});
    }
  }
  return Write(change);
}

// The fingerprint moves to `incident`: an open row in the one that took it before is resolved.
absl::Status AlertReplay::CloseIn(std::string_view incident, const std::string& fingerprint,
                                  LogBatch& change) {
  const RocksDbAlerts alerts(store_);
  ASSIGN_OR_RETURN(const std::string earlier, alerts.IncidentOf(fingerprint));
  if (earlier.empty() || earlier == incident) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(std::optional<AlertRow> row, alerts.Get(earlier, fingerprint));
  if (row && row->open()) {
    row->shown.set_status(v1::ALERT_STATUS_RESOLVED);
    change.alerts.push_back({earlier, fingerprint, *std::move(row)});
  }
  return absl::OkStatus();
}

// Where the incident has as many rows as it may, the quietest of those that are resolved goes, else
// of all.
absl::Status AlertReplay::MakeRoom(std::string_view incident, LogBatch& change) {
  uint32_t& count = rows_[*PackUuid(incident)];
  if (count < kAlertRows) {
    ++count;
    return absl::OkStatus();
  }
  const RocksDbAlerts alerts(store_);
  ASSIGN_OR_RETURN(const std::vector<AlertRow> rows, alerts.Of(incident));
  const auto rank = [](const AlertRow& row) {
    return std::tuple(row.open(), ToTime(row.shown.last_at()));
  };
  const auto quietest =
      std::min_element(rows.begin(), rows.end(),
                       [&](const AlertRow& a, const AlertRow& b) { return rank(a) < rank(b); });
  if (quietest == rows.end()) {
    return absl::OkStatus();
  }
  const std::string& fingerprint = quietest->shown.fingerprint();
  change.alerts.push_back({std::string(incident), fingerprint, std::nullopt});
  ASSIGN_OR_RETURN(const std::string taken_by, alerts.IncidentOf(fingerprint));
  if (taken_by == incident) {
    change.fingerprints.push_back({fingerprint, ""});
  }
  return absl::OkStatus();
}

absl::Status AlertReplay::Write(const LogBatch& change) {
  rocksdb::WriteBatch write;
  RocksDbAlerts(store_).Put(change, write);
  return FromRocksDb(store_.db().Write({}, &write), "cannot write the alerts");
}

}  // namespace tocsin::hub
