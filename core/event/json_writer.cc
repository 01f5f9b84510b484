// The JSON of an event, an incident, an alert and a filter.
//
// Written by hand, because a bridge renders every event once and reflection costs many times as
// much (bench/json). Which fields are always there:
//   event body  event_type, every field of the payload, incident where the event has one, then id
//   and priority; actor and
//               traceparent when not empty; previous_state when set (docs/protocol.md, section 1)
//   whole event id, sequence, epoch, time, type, priority, actor, traceparent, cursor, then payload
//   and incident; what the hub
//               gives (sequence, epoch, time, cursor) only once it is given
//   incident    all but active_playbook, resolution, fingerprint and correlation_score, which are
//   there when set, and timeline
//               and notes, which are there when not empty
//   resolution, timeline entry, note: all
//   alert       all but runbook_url, incident_id and parent_alert_id, which are there when set
//   filter      what is set
// An enum or a time that is always there and not set is null. Maps are sorted by key, so that equal
// events have equal JSON. tests/core/event_json_test.cc walks the schema and fails when a field has
// no place here.
#include "core/event/json_writer.h"

#include "core/event/json_object.h"
#include "core/event/names.h"

namespace tocsin {
namespace {

using google::protobuf::RepeatedField;
using google::protobuf::RepeatedPtrField;

constexpr size_t kUsualBytes = 1024;  // what most events come to

void AppendResolution(JsonOut& out, const v1::Resolution& resolution) {
  ObjectWriter object(out);
  object.Time("resolved_at", resolution.has_resolved_at(), resolution.resolved_at());
  object.Text("resolved_by", resolution.resolved_by());
  object.Name("resolution_method", resolution.resolution_method());
  object.Text("root_cause", resolution.root_cause());
  object.Text("notes", resolution.notes());
  object.End();
}

void AppendTimelineEntry(JsonOut& out, const v1::TimelineEntry& entry) {
  ObjectWriter object(out);
  object.Time("timestamp", entry.has_timestamp(), entry.timestamp());
  object.Text("event_type", entry.event_type());
  object.Text("actor", entry.actor());
  object.Text("description", entry.description());
  object.Map("metadata", entry.metadata());
  object.End();
}

void AppendNote(JsonOut& out, const v1::Note& note) {
  ObjectWriter object(out);
  object.Text("id", note.id());
  object.Text("author", note.author());
  object.Text("content", note.content());
  object.Time("created_at", note.has_created_at(), note.created_at());
  object.End();
}

// What an incident has only sometimes.
void WriteIncidentExtras(ObjectWriter& object, const v1::Incident& incident) {
  if (incident.has_active_playbook()) {
    object.Text("active_playbook", incident.active_playbook());
  }
  if (incident.has_resolution()) {
    AppendResolution(object.Key("resolution"), incident.resolution());
  }
  if (!incident.timeline().empty()) {
    object.List("timeline", incident.timeline(), AppendTimelineEntry);
  }
  object.Texts("assignees", incident.assignees());
  if (!incident.notes().empty()) {
    object.List("notes", incident.notes(), AppendNote);
  }
  if (incident.has_fingerprint()) {
    object.Text("fingerprint", incident.fingerprint());
  }
  if (incident.has_correlation_score()) {
    object.Key("correlation_score").Number(incident.correlation_score());
  }
}

void AppendIncident(JsonOut& out, const v1::Incident& incident) {
  ObjectWriter object(out);
  object.Text("id", incident.id());
  object.Time("created_at", incident.has_created_at(), incident.created_at());
  object.Time("updated_at", incident.has_updated_at(), incident.updated_at());
  object.Name("state", incident.state());
  object.Name("severity", incident.severity());
  object.Name("incident_type", incident.incident_type());
  object.Text("source", incident.source());
  object.Text("title", incident.title());
  object.Text("description", incident.description());
  object.Texts("affected_resources", incident.affected_resources());
  object.Map("labels", incident.labels());
  object.Map("metadata", incident.metadata());
  object.Texts("related_incidents", incident.related_incidents());
  WriteIncidentExtras(object, incident);
  object.End();
}

void AppendAlert(JsonOut& out, const v1::Alert& alert) {
  ObjectWriter object(out);
  object.Text("id", alert.id());
  object.Text("external_id", alert.external_id());
  object.Text("source", alert.source());
  object.Time("timestamp", alert.has_timestamp(), alert.timestamp());
  object.Time("received_at", alert.has_received_at(), alert.received_at());
  object.Name("severity", alert.severity());
  object.Name("alert_type", alert.alert_type());
  object.Text("title", alert.title());
  object.Text("description", alert.description());
  object.Map("labels", alert.labels());
  object.Texts("affected_services", alert.affected_services());
  if (alert.has_runbook_url()) {
    object.Text("runbook_url", alert.runbook_url());
  }
  object.Map("annotations", alert.annotations());
  if (alert.has_incident_id()) {
    object.Text("incident_id", alert.incident_id());
  }
  object.Bool("deduplicated", alert.deduplicated());
  if (alert.has_parent_alert_id()) {
    object.Text("parent_alert_id", alert.parent_alert_id());
  }
  object.End();
}

void WriteAlert(ObjectWriter& object, bool given, const v1::Alert& alert) {
  if (given) {
    AppendAlert(object.Key("alert"), alert);
  }
}

void WritePlaybookAction(ObjectWriter& object, const v1::PlaybookActionExecuted& action) {
  object.Text("incident_id", action.incident_id());
  object.Text("playbook_id", action.playbook_id());
  object.Text("action_name", action.action_name());
  object.Bool("success", action.success());
  object.Text("message", action.message());
}

void WriteEscalated(ObjectWriter& object, const v1::Escalated& escalated) {
  object.Text("incident_id", escalated.incident_id());
  object.Name("from_severity", escalated.from_severity());
  object.Name("to_severity", escalated.to_severity());
  object.Text("reason", escalated.reason());
}

void WritePlaybook(ObjectWriter& object, const v1::Event& event) {
  if (event.has_playbook_started()) {
    const v1::PlaybookStarted& started = event.playbook_started();
    object.Text("incident_id", started.incident_id());
    object.Text("playbook_id", started.playbook_id());
    object.Text("playbook_name", started.playbook_name());
  } else if (event.has_playbook_action_executed()) {
    WritePlaybookAction(object, event.playbook_action_executed());
  } else {
    const v1::PlaybookCompleted& completed = event.playbook_completed();
    object.Text("incident_id", completed.incident_id());
    object.Text("playbook_id", completed.playbook_id());
    object.Bool("success", completed.success());
    object.Integer("actions_executed", completed.actions_executed());
  }
}

void WriteSmallPayload(ObjectWriter& object, const v1::Event& event) {
  if (event.has_notification_sent()) {
    object.Text("incident_id", event.notification_sent().incident_id());
    object.Text("channel", event.notification_sent().channel());
    object.Bool("success", event.notification_sent().success());
  } else if (event.has_assignment_changed()) {
    object.Text("incident_id", event.assignment_changed().incident_id());
    object.Texts("assignees", event.assignment_changed().assignees());
  } else if (event.has_comment_added()) {
    object.Text("incident_id", event.comment_added().incident_id());
    object.Text("author", event.comment_added().author());
    object.Text("comment", event.comment_added().comment());
  } else {
    object.Text("category", event.system_event().category());
    object.Text("message", event.system_event().message());
    object.Map("metadata", event.system_event().metadata());
  }
}

void WritePayload(ObjectWriter& object, const v1::Event& event) {
  switch (event.payload_case()) {
    case v1::Event::PAYLOAD_NOT_SET:
      return;
    case v1::Event::kIncidentUpdated:
      if (event.incident_updated().previous_state() != v1::INCIDENT_STATE_UNSPECIFIED) {
        object.Name("previous_state", event.incident_updated().previous_state());
      }
      return;
    case v1::Event::kAlertReceived:
      return WriteAlert(object, event.alert_received().has_alert(), event.alert_received().alert());
    case v1::Event::kAlertConverted:
      object.Text("incident_id", event.alert_converted().incident_id());
      return WriteAlert(object, event.alert_converted().has_alert(),
                        event.alert_converted().alert());
    case v1::Event::kEscalated:
      return WriteEscalated(object, event.escalated());
    case v1::Event::kPlaybookStarted:
    case v1::Event::kPlaybookActionExecuted:
    case v1::Event::kPlaybookCompleted:
      return WritePlaybook(object, event);
    case v1::Event::kNotificationSent:
    case v1::Event::kAssignmentChanged:
    case v1::Event::kCommentAdded:
    case v1::Event::kSystemEvent:
      return WriteSmallPayload(object, event);
  }
}

void WritePayloadAndIncident(ObjectWriter& object, const v1::Event& event) {
  WritePayload(object, event);
  if (event.has_incident()) {
    AppendIncident(object.Key("incident"), event.incident());
  }
}

template <typename Enum, size_t N>
void WriteNames(ObjectWriter& object, const char (&name)[N], const RepeatedField<int>& values) {
  if (!values.empty()) {
    object.List(name, values,
                [](JsonOut& out, int value) { out.Text(NameOf(static_cast<Enum>(value))); });
  }
}

template <size_t N>
void WriteTextsIfAny(ObjectWriter& object, const char (&name)[N],
                     const RepeatedPtrField<std::string>& texts) {
  if (!texts.empty()) {
    object.Texts(name, texts);
  }
}

}  // namespace

void AppendJsonIncident(std::string& out, const v1::Incident& incident) {
  JsonOut json(out, kUsualBytes);
  AppendIncident(json, incident);
}

void AppendJsonAlert(std::string& out, const v1::Alert& alert) {
  JsonOut json(out, kUsualBytes);
  AppendAlert(json, alert);
}

void AppendJsonFilter(std::string& out, const v1::Filter& filter) {
  JsonOut json(out, kUsualBytes);
  ObjectWriter object(json);
  WriteNames<v1::EventType>(object, "event_types", filter.event_types());
  WriteNames<v1::Severity>(object, "severities", filter.severities());
  WriteNames<v1::IncidentState>(object, "states", filter.states());
  WriteTextsIfAny(object, "sources", filter.sources());
  WriteTextsIfAny(object, "affected_resources", filter.affected_resources());
  if (!filter.labels().empty()) {
    object.Map("labels", filter.labels());
  }
  WriteTextsIfAny(object, "incident_ids", filter.incident_ids());
  if (filter.active_only()) {
    object.Bool("active_only", true);
  }
  object.End();
}

void AppendJsonEventBody(std::string& out, const v1::Event& event) {
  JsonOut json(out, kUsualBytes);
  ObjectWriter object(json);
  object.Name("event_type", event.type());
  WritePayloadAndIncident(object, event);
  object.Text("id", event.id());
  object.Name("priority", event.priority());
  object.TextIfAny("actor", event.actor());
  object.TextIfAny("traceparent", event.traceparent());
  object.End();
}

void AppendJsonEvent(std::string& out, const v1::Event& event) {
  JsonOut json(out, kUsualBytes);
  ObjectWriter object(json);
  object.Text("id", event.id());
  if (event.sequence() != 0) {
    object.Integer("sequence", event.sequence());
    object.Integer("epoch", event.epoch());
  }
  if (event.has_time()) {
    object.Time("time", true, event.time());
  }
  object.Name("type", event.type());
  object.Name("priority", event.priority());
  object.Text("actor", event.actor());
  object.Text("traceparent", event.traceparent());
  object.TextIfAny("cursor", event.cursor());
  WritePayloadAndIncident(object, event);
  object.End();
}

}  // namespace tocsin
