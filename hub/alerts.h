// alerts.h: what the hub knows, while it commits, of the alerts that incidents have taken.
//
// Shape:   layers, as in incidents.h: the request being staged over the group being committed over
//          the log. A refused request drops the first, the end of a group both. How many rows an
//          incident has, and how many of them are open, is kept with the incident.
// Threads: not thread-safe; the sequencer's.
// Owns:    the two layers.
// Errors:  the log's, where it cannot be read: the request is to be dropped.
// Source:  docs/adr/0021-alerts-to-incidents.md
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/alert_rules.h"
#include "hub/firing_alerts.h"
#include "hub/incidents.h"
#include "hub/log/log.h"

namespace tocsin::hub {

class Alerts {
 public:
  Alerts(const Log& log, Incidents& incidents, FiringAlerts& firing)
      : log_(log), incidents_(incidents), firing_(firing) {}

  absl::StatusOr<KnownAlert> Find(std::string_view fingerprint);
  // Stages what the event changes, after Incidents has taken it: alert_converted changes the
  // alert's row, incident_created the incident of the fingerprint. Other events change nothing.
  absl::Status Take(const v1::Event& event);
  // Stages that the incident, which Incidents must know, takes the alert. `sequence` is that of the
  // event with the alert.
  absl::Status TakeAlert(std::string_view incident, const v1::Alert& alert, Sequence sequence,
                         absl::Time time);
  // Takes over the timestamp and the end of a report that repeats what is known.
  void Renew(const v1::Alert& alert, const KnownAlert& known);

  void KeepRequest();
  void DropRequest() { request_ = Layer(); }
  // Adds the changes of the whole group to the batch.
  void AddGroupChanges(LogBatch& batch) const;
  void DropGroup();

 private:
  using RowKey = std::pair<std::string, std::string>;  // incident, fingerprint
  struct Layer {
    std::map<std::string, std::string, std::less<>> incident_of;  // by fingerprint; "": none
    std::map<RowKey, std::optional<AlertRow>> rows;               // nullopt: deleted
  };

  absl::StatusOr<std::string> IncidentOf(std::string_view fingerprint) const;
  absl::StatusOr<std::optional<AlertRow>> RowOf(const std::string& incident,
                                                const std::string& fingerprint) const;
  // Incidents must know the row's incident.
  absl::Status SetRow(const std::string& incident, const std::string& fingerprint,
                      const std::optional<AlertRow>& before, std::optional<AlertRow> after);
  absl::Status CloseIn(const std::string& incident, const std::string& fingerprint);
  absl::Status DropQuietest(const std::string& incident);

  const Log& log_;
  Incidents& incidents_;
  FiringAlerts& firing_;
  Layer group_;
  Layer request_;
};

}  // namespace tocsin::hub
