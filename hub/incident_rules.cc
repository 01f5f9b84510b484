#include "hub/incident_rules.h"

#include <string>
#include <utility>

#include "core/event/time_proto.h"
#include "core/event/validate.h"
#include "hub/incident_before.h"

namespace tocsin::hub {
namespace {

// The incident before the event's own effect: as given, or as it was known.
void SetBase(v1::Event& event, const IncidentState* before, absl::Time time) {
  v1::Incident& incident = *event.mutable_incident();
  if (GivesIncidentByIdOnly(event)) {
    v1::Resolution given;
    const bool has_resolution = incident.has_resolution();
    given.Swap(incident.mutable_resolution());
    incident = before->Parse();
    if (has_resolution) {
      incident.mutable_resolution()->Swap(&given);
    }
    return;
  }
  if (incident.state() == v1::INCIDENT_STATE_UNSPECIFIED) {
    incident.set_state(before ? before->state : v1::INCIDENT_STATE_DETECTED);
  }
  if (!incident.has_created_at()) {
    const bool known = before && before->created_at;
    SetTimestamp(*incident.mutable_created_at(), known ? *before->created_at : time);
  }
}

void Resolve(v1::Incident& incident, absl::Time time) {
  incident.set_state(v1::INCIDENT_STATE_RESOLVED);
  if (!incident.resolution().has_resolved_at()) {
    SetTimestamp(*incident.mutable_resolution()->mutable_resolved_at(), time);
  }
}

void Escalate(v1::Incident& incident, v1::Escalated& escalated, const IncidentState* before) {
  if (escalated.from_severity() == v1::SEVERITY_UNSPECIFIED) {
    escalated.set_from_severity(before ? before->severity : incident.severity());
  }
  incident.set_severity(escalated.to_severity());
}

void NoteStateChange(v1::Event& event, const IncidentState* before) {
  v1::IncidentUpdated& updated = *event.mutable_incident_updated();
  const bool changed = before && before->state != event.incident().state();
  if (changed && updated.previous_state() == v1::INCIDENT_STATE_UNSPECIFIED) {
    updated.set_previous_state(before->state);
  }
}

void ApplyType(v1::Event& event, const IncidentState* before, absl::Time time) {
  v1::Incident& incident = *event.mutable_incident();
  switch (event.type()) {
    case v1::EVENT_TYPE_INCIDENT_UPDATED:
      return NoteStateChange(event, before);
    case v1::EVENT_TYPE_INCIDENT_RESOLVED:
      return Resolve(incident, time);
    case v1::EVENT_TYPE_INCIDENT_CLOSED:
      return incident.set_state(v1::INCIDENT_STATE_CLOSED);
    case v1::EVENT_TYPE_ESCALATED:
      return Escalate(incident, *event.mutable_escalated(), before);
    case v1::EVENT_TYPE_ASSIGNMENT_CHANGED:
      *incident.mutable_assignees() = event.assignment_changed().assignees();
      return;
    case v1::EVENT_TYPE_PLAYBOOK_STARTED:
      if (!event.playbook_started().playbook_id().empty()) {
        incident.set_active_playbook(event.playbook_started().playbook_id());
      }
      return;
    case v1::EVENT_TYPE_PLAYBOOK_COMPLETED:
      return incident.clear_active_playbook();
    default:
      return;
  }
}

}  // namespace

bool HasIncident(v1::EventType type) {
  return type != v1::EVENT_TYPE_ALERT_RECEIVED && type != v1::EVENT_TYPE_SYSTEM_EVENT;
}

HistoryChange HistoryAfter(v1::Event& event, const IncidentState* before, absl::Time time) {
  const HistoryExtent* const known = before != nullptr ? &before->history : nullptr;
  const std::string id(IncidentIdOf(event));
  v1::Incident& given = *event.mutable_incident();
  if (event.type() != v1::EVENT_TYPE_COMMENT_ADDED) {
    return TakeHistory(given, known, id, event.sequence(), nullptr);
  }
  const v1::Note note = NoteOf(event, time);
  return TakeHistory(given, known, id, event.sequence(), &note);
}

void CompleteIncident(v1::Event& event, const IncidentState* before, absl::Time time) {
  const Changed changed = GivesIncidentByIdOnly(event) ? Changed::kEnums : Changed::kAnything;
  SetBase(event, before, time);
  ApplyType(event, before, time);
  v1::Incident& incident = *event.mutable_incident();
  if (before != nullptr && !before->active() && IsActive(incident.state())) {
    incident.clear_resolution();  // it is reopened
  }
  if (event.type() != v1::EVENT_TYPE_INCIDENT_CREATED || !incident.has_updated_at()) {
    SetTimestamp(*incident.mutable_updated_at(), time);
  }
  if (before != nullptr) {
    NoteBefore(event, *before, changed);
  }
}

}  // namespace tocsin::hub
