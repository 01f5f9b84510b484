#include "hub/alert_rules.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/event/time_proto.h"
#include "hub/log/packed_uuid.h"

namespace tocsin::hub {
namespace {

// When an incident that is over came to its end; a little late where that is not kept.
absl::Time OverSince(const IncidentState& incident) {
  const v1::Incident core = incident.Parse();
  return core.resolution().has_resolved_at() ? ToTime(core.resolution().resolved_at())
                                             : incident.last_time;
}

// P0 is the worst; an alert without a severity is not worse than anything.
bool IsWorse(v1::Severity severity, v1::Severity than) {
  return severity != v1::SEVERITY_UNSPECIFIED && severity < than;
}

// A firing alert that is worse than it was reported before.
bool GotWorse(const v1::Alert& alert, const KnownAlert& known) {
  return alert.status() == v1::ALERT_STATUS_FIRING && known.row &&
         IsWorse(alert.severity(), known.row->shown.severity());
}

// Whether a report of a state says nothing new: it repeats what is known, or is older.
bool Repeats(const v1::Alert& alert, const KnownAlert& known) {
  const absl::Time at = ToTime(alert.timestamp());
  if (!known.row) {
    // What nothing is known of cannot end, nor be taken note of.
    return alert.status() != v1::ALERT_STATUS_FIRING && !known.active();
  }
  const AlertRow& row = *known.row;
  switch (alert.status()) {
    case v1::ALERT_STATUS_RESOLVED:
      return !row.open() || at < row.firing_at;
    case v1::ALERT_STATUS_ACKNOWLEDGED:
      return row.shown.status() != v1::ALERT_STATUS_FIRING || at < row.firing_at;
    default:
      break;
  }
  if (!row.open()) {
    return at <= row.firing_at;  // of the firing that has ended
  }
  if (GotWorse(alert, known) && at >= row.firing_at) {
    return false;
  }
  // Somebody resolved the incident while the alert goes on: it is no news, unless it began after
  // that.
  return known.active() || at <= std::max(row.firing_at, OverSince(*known.incident));
}

v1::Event ByIdOnly(v1::EventType type, std::string_view incident_id) {
  v1::Event event;
  event.set_type(type);
  event.mutable_incident()->set_id(std::string(incident_id));
  return event;
}

v1::Event Received(const v1::Alert& alert) {
  v1::Event event;
  event.set_type(v1::EVENT_TYPE_ALERT_RECEIVED);
  *event.mutable_alert_received()->mutable_alert() = alert;
  return event;
}

v1::Event Created(const v1::Alert& alert, std::string_view incident_id) {
  v1::Event event = ByIdOnly(v1::EVENT_TYPE_INCIDENT_CREATED, incident_id);
  v1::Incident& incident = *event.mutable_incident();
  incident.set_severity(alert.severity());
  incident.set_incident_type(alert.alert_type());
  incident.set_source(alert.source());
  incident.set_title(alert.title());
  incident.set_description(alert.description());
  *incident.mutable_affected_resources() = alert.affected_services();
  *incident.mutable_labels() = alert.labels();
  incident.set_fingerprint(alert.fingerprint());
  return event;
}

v1::Event Converted(v1::Alert alert, std::string_view incident_id) {
  v1::Event event = ByIdOnly(v1::EVENT_TYPE_ALERT_CONVERTED, incident_id);
  event.mutable_alert_converted()->set_incident_id(std::string(incident_id));
  *event.mutable_alert_converted()->mutable_alert() = std::move(alert);
  return event;
}

v1::Event Resolved(const v1::Alert& alert, std::string_view incident_id) {
  v1::Event event = ByIdOnly(v1::EVENT_TYPE_INCIDENT_RESOLVED, incident_id);
  v1::Resolution& resolution = *event.mutable_incident()->mutable_resolution();
  resolution.set_resolution_method(v1::RESOLUTION_METHOD_AUTOMATED);
  resolution.set_resolved_by(alert.source());
  return event;
}

v1::Event Escalated(const v1::Alert& alert, std::string_view incident_id) {
  v1::Event event = ByIdOnly(v1::EVENT_TYPE_ESCALATED, incident_id);
  v1::Escalated& escalated = *event.mutable_escalated();
  escalated.set_incident_id(std::string(incident_id));
  escalated.set_to_severity(alert.severity());
  escalated.set_reason(absl::StrCat("an alert of this severity: ", alert.title()));
  return event;
}

v1::Event Triaged(const IncidentState& incident) {
  v1::Event event;
  event.set_type(v1::EVENT_TYPE_INCIDENT_UPDATED);
  *event.mutable_incident() = incident.Parse();
  event.mutable_incident()->set_state(v1::INCIDENT_STATE_TRIAGED);
  event.mutable_incident_updated()->set_previous_state(incident.state);
  return event;
}

}  // namespace

AlertPlan PlanAlert(const v1::Alert& alert, AlertReport report, const KnownAlert& known,
                    bool resolve_incidents) {
  AlertPlan plan;
  if ((report == AlertReport::kStateReport && Repeats(alert, known)) ||
      (report == AlertReport::kEnd && !known.open())) {
    return plan;
  }
  if (!known.active()) {
    plan.effect =
        alert.status() == v1::ALERT_STATUS_FIRING ? AlertEffect::kOpen : AlertEffect::kAlone;
    return plan;
  }
  plan.effect = AlertEffect::kTake;
  const bool others_open = known.incident->alerts.open > (known.open() ? 1u : 0u);
  plan.resolves = alert.status() == v1::ALERT_STATUS_RESOLVED && resolve_incidents && !others_open;
  plan.triages = alert.status() == v1::ALERT_STATUS_ACKNOWLEDGED &&
                 known.incident->state == v1::INCIDENT_STATE_DETECTED;
  // An alert that is as bad as before says nothing new: somebody may have lowered the incident.
  plan.escalates = (!known.row || GotWorse(alert, known)) &&
                   alert.status() == v1::ALERT_STATUS_FIRING &&
                   IsWorse(alert.severity(), known.incident->severity);
  return plan;
}

std::vector<v1::Event> AlertEvents(const AlertPlan& plan, v1::Alert alert,
                                   std::string_view incident_id, const IncidentState* incident) {
  if (!incident_id.empty()) {
    alert.set_incident_id(std::string(incident_id));
  }
  alert.set_deduplicated(plan.effect == AlertEffect::kTake);
  std::vector<v1::Event> events{Received(alert)};
  if (plan.effect == AlertEffect::kOpen) {
    events.push_back(Created(alert, incident_id));
  } else if (plan.effect == AlertEffect::kTake) {
    events.push_back(Converted(alert, incident_id));
  }
  if (plan.resolves) {
    events.push_back(Resolved(alert, incident_id));
  } else if (plan.triages) {
    events.push_back(Triaged(*incident));
  } else if (plan.escalates) {
    events.push_back(Escalated(alert, incident_id));
  }
  for (v1::Event& event : events) {
    event.set_actor(alert.source());
  }
  return events;
}

std::string AlertEventId(std::string_view alert_id, size_t n) {
  // 62 bits that nobody's ids differ by: two alerts whose ids are close have no event in common.
  constexpr uint64_t kPatterns[] = {0x1b873593cc9e2d51, 0x25ebca6b85ebca77, 0x3243f6a8885a308d};
  TOCSIN_CHECK(n < std::size(kPatterns));
  PackedUuid id = *PackUuid(alert_id);
  for (size_t i = 0; i < 8; ++i) {
    id[8 + i] = static_cast<char>(id[8 + i] ^ static_cast<char>(kPatterns[n] >> (56 - 8 * i)));
  }
  return UnpackUuid(id);
}

}  // namespace tocsin::hub
