// alert_rules.h: what an alert does to incidents: the events that are appended for it, together.
//
// Shape:   pure: the alert, and what is known of its fingerprint, give a plan, and the plan gives
//          the events. An alert with the fingerprint of an active incident is taken by that one; a
//          firing alert else opens an incident; what is resolved or acknowledged and belongs to no
//          active incident is appended alone. A report of a state appends nothing where it repeats
//          what is known, or is older than that. A firing alert that got worse is news and raises
//          its incident's severity; one that got milder is no news.
// Threads: pure.
// Source:  docs/protocol.md, section 4; docs/adr/0021-alerts-to-incidents.md
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "hub/log/alert_row.h"
#include "hub/log/incident_state.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::hub {

// What an alert is to the hub.
enum class AlertReport {
  kAlert,        // something that happened: appended each time
  kStateReport,  // how things stand, reported again and again
  kEnd,          // the hub's own: a firing alert has passed its end
};

// What is known of an alert's fingerprint.
struct KnownAlert {
  IncidentPtr incident;         // the newest that took it; null: none
  std::optional<AlertRow> row;  // in it, with the newest timestamp that was reported

  bool active() const { return incident != nullptr && incident->active(); }
  bool open() const { return row && row->open(); }
};

enum class AlertEffect {
  kNothing,  // a repetition
  kAlone,    // alert_received
  kOpen,     // and incident_created
  kTake,     // and alert_converted, to the active incident
};

struct AlertPlan {
  AlertEffect effect = AlertEffect::kNothing;
  bool resolves = false;  // the incident, too
  bool triages = false;
  bool escalates = false;  // the incident gets the alert's severity, which is worse
};

// The alert has a status and a timestamp. `resolve_incidents`: an alert that is resolved resolves
// its incident, unless another alert of it is open.
AlertPlan PlanAlert(const v1::Alert& alert, AlertReport report, const KnownAlert& known,
                    bool resolve_incidents);

// Where the plan appends something. `incident_id` is that of the incident that the alert opens or
// is taken by; "" when it is appended alone.
std::vector<v1::Event> AlertEvents(const AlertPlan& plan, v1::Alert alert,
                                   std::string_view incident_id, const IncidentState* incident);

// The id of the n-th event (from 0 to 2) of a submitted alert with this id, which is a UUID: a
// retry of the alert finds them in the dedup window. It differs from the alert's in its random part
// only.
std::string AlertEventId(std::string_view alert_id, size_t n);

}  // namespace tocsin::hub
