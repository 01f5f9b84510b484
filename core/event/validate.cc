// What a publisher may send.
//
// schema_check.cc refuses what no event may hold anywhere; what depends on the type of the event is
// checked here after it. `timeline` and `notes` of an incident are left as they are: the hub takes
// them off before the event travels.
#include "core/event/validate.h"

#include <cmath>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/limits.h"
#include "core/event/names.h"
#include "core/event/schema_check.h"
#include "core/event/text.h"
#include "core/event/uuid.h"

namespace tocsin {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::RepeatedPtrField;

constexpr std::string_view kUuidExample = "a UUID such as \"0190b6a5-7c1e-7000-8000-000000000001\"";

absl::Status Bad(const FieldPath& field, std::string_view problem,
                 std::vector<std::string> allowed = {}) {
  return FieldError(ErrorCode::kInvalidMessage, field.Text(), problem, std::move(allowed));
}

// ---- single values ----

absl::Status CheckUuid(std::string& value, const FieldPath& path) {
  if (!IsUuid(value)) {
    return Bad(path, absl::StrCat("is no UUID: ", Quote(value)), {std::string(kUuidExample)});
  }
  value = CanonicalUuid(value);
  return absl::OkStatus();
}

absl::Status CheckUuidOrEmpty(std::string& value, const FieldPath& path) {
  return value.empty() ? absl::OkStatus() : CheckUuid(value, path);
}

absl::Status CheckLength(std::string_view value, size_t most, const FieldPath& path) {
  const size_t chars = CharCount(value);
  if (chars >= 1 && chars <= most) {
    return absl::OkStatus();
  }
  return Bad(path, chars == 0 ? "is required" : absl::StrCat("has ", chars, " characters"),
             {absl::StrCat("1 to ", most, " characters")});
}

absl::Status CheckSeverity(v1::Severity severity, const FieldPath& path) {
  return severity == v1::SEVERITY_UNSPECIFIED
             ? Bad(path, "is required", EnumNames(*v1::Severity_descriptor()))
             : absl::OkStatus();
}

template <typename Map>
absl::Status CheckKeys(const Map& map, const FieldPath& path) {
  return map.contains("") ? Bad(path, "has an empty key", {"keys of at least one character"})
                          : absl::OkStatus();
}

// What an incident and an alert have in common.
template <typename Subject>
absl::Status CheckSubject(const Subject& subject, const FieldPath& path) {
  RETURN_IF_ERROR(CheckSeverity(subject.severity(), path / "severity"));
  RETURN_IF_ERROR(CheckLength(subject.source(), limits::kSourceChars, path / "source"));
  RETURN_IF_ERROR(CheckLength(subject.title(), limits::kTitleChars, path / "title"));
  return CheckKeys(subject.labels(), path / "labels");
}

absl::Status CheckFingerprint(std::string_view fingerprint, const FieldPath& path) {
  return fingerprint.empty() ? absl::OkStatus()
                             : CheckLength(fingerprint, limits::kFingerprintChars, path);
}

absl::Status CheckAlert(v1::Alert& alert, const FieldPath& path) {
  RETURN_IF_ERROR(CheckSubject(std::as_const(alert), path));
  RETURN_IF_ERROR(CheckUuidOrEmpty(*alert.mutable_id(), path / "id"));
  if (alert.has_incident_id()) {
    RETURN_IF_ERROR(CheckUuid(*alert.mutable_incident_id(), path / "incident_id"));
  }
  if (alert.has_parent_alert_id()) {
    RETURN_IF_ERROR(CheckUuid(*alert.mutable_parent_alert_id(), path / "parent_alert_id"));
  }
  if (alert.alert_type() == v1::INCIDENT_TYPE_UNSPECIFIED) {
    alert.set_alert_type(v1::INCIDENT_TYPE_UNKNOWN);
  }
  if (alert.status() == v1::ALERT_STATUS_UNSPECIFIED) {
    alert.set_status(v1::ALERT_STATUS_FIRING);
  }
  RETURN_IF_ERROR(CheckFingerprint(alert.fingerprint(), path / "fingerprint"));
  return CheckKeys(alert.annotations(), path / "annotations");
}

// ---- the incident ----

// True when nothing but the id is set, or, where the event is the resolution, the id and how it was
// resolved.
bool HasIdOnly(const v1::Incident& incident, v1::EventType type) {
  if (!incident.title().empty() || !incident.source().empty()) {
    return false;  // as nearly always; the rest takes a walk over the fields
  }
  std::vector<const FieldDescriptor*> set;
  incident.GetReflection()->ListFields(incident, &set);
  for (const FieldDescriptor* field : set) {
    const bool extra = field->number() == v1::Incident::kResolutionFieldNumber &&
                       type == v1::EVENT_TYPE_INCIDENT_RESOLVED;
    if (field->number() != v1::Incident::kIdFieldNumber && !extra) {
      return false;
    }
  }
  return true;
}

absl::Status CheckIncidentIds(v1::Incident& incident, const FieldPath& path) {
  RETURN_IF_ERROR(CheckUuidOrEmpty(*incident.mutable_id(), path / "id"));
  RepeatedPtrField<std::string>& related = *incident.mutable_related_incidents();
  for (int i = 0; i < related.size(); ++i) {
    RETURN_IF_ERROR(CheckUuid(related[i], (path / "related_incidents")[static_cast<size_t>(i)]));
  }
  if (incident.has_active_playbook()) {
    RETURN_IF_ERROR(CheckUuid(*incident.mutable_active_playbook(), path / "active_playbook"));
  }
  return absl::OkStatus();
}

absl::Status CheckWholeIncident(v1::Incident& incident, const FieldPath& path) {
  RETURN_IF_ERROR(CheckSubject(std::as_const(incident), path));
  RETURN_IF_ERROR(CheckKeys(incident.metadata(), path / "metadata"));
  RETURN_IF_ERROR(CheckFingerprint(incident.fingerprint(), path / "fingerprint"));
  if (!std::isfinite(incident.correlation_score())) {
    return Bad(path / "correlation_score", "is not finite", {"a finite number"});
  }
  if (incident.incident_type() == v1::INCIDENT_TYPE_UNSPECIFIED) {
    incident.set_incident_type(v1::INCIDENT_TYPE_UNKNOWN);
  }
  return absl::OkStatus();
}

// ---- what the type needs ----

bool HasNoIncident(v1::EventType type) {
  return type == v1::EVENT_TYPE_ALERT_RECEIVED || type == v1::EVENT_TYPE_SYSTEM_EVENT;
}

v1::EventType TypeOfPayload(const v1::Event& event) {
  constexpr int kFirstPayload = 20;  // field numbers are 20 + the type's number
  return event.payload_case() == v1::Event::PAYLOAD_NOT_SET
             ? v1::EVENT_TYPE_UNSPECIFIED
             : static_cast<v1::EventType>(event.payload_case() - kFirstPayload);
}

absl::Status SettleType(v1::Event& event, const FieldPath& path) {
  const v1::EventType by_payload = TypeOfPayload(event);
  if (event.type() == v1::EVENT_TYPE_UNSPECIFIED) {
    event.set_type(by_payload);
  }
  if (event.type() == v1::EVENT_TYPE_UNSPECIFIED) {
    return Bad(path / "type", "is required", EnumNames(*v1::EventType_descriptor()));
  }
  if (by_payload != v1::EVENT_TYPE_UNSPECIFIED && by_payload != event.type()) {
    return Bad(path / "type",
               absl::StrCat("is ", ToAbsl(NameOf(event.type())), ", but the payload is that of ",
                            ToAbsl(NameOf(by_payload))),
               {std::string(NameOf(by_payload))});
  }
  return absl::OkStatus();
}

// The payload's own incident_id, or nullptr where the type's payload has none. Makes the payload
// where it is missing.
std::string* PayloadIncidentId(v1::Event& event) {
  switch (event.type()) {
    case v1::EVENT_TYPE_ALERT_CONVERTED:
      return event.mutable_alert_converted()->mutable_incident_id();
    case v1::EVENT_TYPE_ESCALATED:
      return event.mutable_escalated()->mutable_incident_id();
    case v1::EVENT_TYPE_PLAYBOOK_STARTED:
      return event.mutable_playbook_started()->mutable_incident_id();
    case v1::EVENT_TYPE_PLAYBOOK_ACTION_EXECUTED:
      return event.mutable_playbook_action_executed()->mutable_incident_id();
    case v1::EVENT_TYPE_PLAYBOOK_COMPLETED:
      return event.mutable_playbook_completed()->mutable_incident_id();
    case v1::EVENT_TYPE_NOTIFICATION_SENT:
      return event.mutable_notification_sent()->mutable_incident_id();
    case v1::EVENT_TYPE_ASSIGNMENT_CHANGED:
      return event.mutable_assignment_changed()->mutable_incident_id();
    case v1::EVENT_TYPE_COMMENT_ADDED:
      return event.mutable_comment_added()->mutable_incident_id();
    default:
      return nullptr;
  }
}

std::string_view PayloadIncidentId(const v1::Event& event) {
  switch (event.payload_case()) {
    case v1::Event::kAlertConverted:
      return event.alert_converted().incident_id();
    case v1::Event::kEscalated:
      return event.escalated().incident_id();
    case v1::Event::kPlaybookStarted:
      return event.playbook_started().incident_id();
    case v1::Event::kPlaybookActionExecuted:
      return event.playbook_action_executed().incident_id();
    case v1::Event::kPlaybookCompleted:
      return event.playbook_completed().incident_id();
    case v1::Event::kNotificationSent:
      return event.notification_sent().incident_id();
    case v1::Event::kAssignmentChanged:
      return event.assignment_changed().incident_id();
    case v1::Event::kCommentAdded:
      return event.comment_added().incident_id();
    default:
      return {};
  }
}

// The payload's field in the schema is named as JSON names the type.
FieldPath PayloadPath(const v1::Event& event, const FieldPath& path) {
  return path / NameOf(event.type());
}

// Brings `incident.id` and the payload's `incident_id` to agree, both set.
absl::Status SettleIncidentId(v1::Event& event, const FieldPath& path) {
  std::string* const by_payload = PayloadIncidentId(event);
  if (by_payload == nullptr) {
    return absl::OkStatus();
  }
  const FieldPath field = PayloadPath(event, path) / "incident_id";
  std::string& id = *event.mutable_incident()->mutable_id();
  RETURN_IF_ERROR(CheckUuidOrEmpty(*by_payload, field));
  if (!by_payload->empty() && !id.empty() && *by_payload != id) {
    return Bad(field, "is another incident's than incident.id", {id});
  }
  (id.empty() ? id : *by_payload) = id.empty() ? *by_payload : id;
  return id.empty() ? Bad(field, "is required", {std::string(kUuidExample)}) : absl::OkStatus();
}

absl::Status CheckIncidentOf(v1::Event& event, const FieldPath& path) {
  const FieldPath field = path / "incident";
  if (HasNoIncident(event.type())) {
    return event.has_incident()
               ? Bad(field, absl::StrCat("does not belong to ", ToAbsl(NameOf(event.type()))))
               : absl::OkStatus();
  }
  v1::Incident& incident = *event.mutable_incident();
  RETURN_IF_ERROR(CheckIncidentIds(incident, field));
  RETURN_IF_ERROR(SettleIncidentId(event, path));
  if (event.type() == v1::EVENT_TYPE_INCIDENT_CREATED) {
    return CheckWholeIncident(incident, field);
  }
  if (incident.id().empty()) {
    return Bad(field / "id", "is required", {std::string(kUuidExample)});
  }
  return HasIdOnly(incident, event.type()) ? absl::OkStatus() : CheckWholeIncident(incident, field);
}

absl::Status CheckAlertOf(v1::Event& event, const FieldPath& path) {
  const FieldPath field = PayloadPath(event, path) / "alert";
  const bool received = event.type() == v1::EVENT_TYPE_ALERT_RECEIVED;
  const bool given =
      received ? event.alert_received().has_alert() : event.alert_converted().has_alert();
  if (!given) {
    return Bad(field, "is required", {"an alert with source, title and severity"});
  }
  return CheckAlert(received ? *event.mutable_alert_received()->mutable_alert()
                             : *event.mutable_alert_converted()->mutable_alert(),
                    field);
}

absl::Status CheckPayload(v1::Event& event, const FieldPath& path) {
  const auto field = [&](std::string_view name) { return PayloadPath(event, path) / name; };
  switch (event.type()) {
    case v1::EVENT_TYPE_ALERT_RECEIVED:
    case v1::EVENT_TYPE_ALERT_CONVERTED:
      return CheckAlertOf(event, path);
    case v1::EVENT_TYPE_ESCALATED:
      return CheckSeverity(event.escalated().to_severity(), field("to_severity"));
    case v1::EVENT_TYPE_PLAYBOOK_STARTED:
      return CheckUuidOrEmpty(*event.mutable_playbook_started()->mutable_playbook_id(),
                              field("playbook_id"));
    case v1::EVENT_TYPE_PLAYBOOK_ACTION_EXECUTED:
      return CheckUuidOrEmpty(*event.mutable_playbook_action_executed()->mutable_playbook_id(),
                              field("playbook_id"));
    case v1::EVENT_TYPE_PLAYBOOK_COMPLETED:
      return CheckUuidOrEmpty(*event.mutable_playbook_completed()->mutable_playbook_id(),
                              field("playbook_id"));
    case v1::EVENT_TYPE_SYSTEM_EVENT:
      return CheckKeys(event.system_event().metadata(), field("metadata"));
    default:
      return absl::OkStatus();
  }
}

absl::Status CheckBytes(const google::protobuf::Message& message, std::string_view what,
                        const FieldPath& path) {
  const size_t bytes = message.ByteSizeLong();
  return bytes <= limits::kEventBytes
             ? absl::OkStatus()
             : FieldError(
                   ErrorCode::kMessageTooLarge, path.Text(), absl::StrCat("has ", bytes, " bytes"),
                   {absl::StrCat("at most ", limits::kEventBytes, " bytes in one ", ToAbsl(what))});
}

void DropEmptyValues(google::protobuf::Map<std::string, std::string>& map) {
  for (auto entry = map.begin(); entry != map.end();) {
    entry = entry->second.empty() ? map.erase(entry) : std::next(entry);
  }
}

}  // namespace

absl::Status NormalizeEvent(v1::Event& event, const FieldPath& path) {
  RETURN_IF_ERROR(CheckBytes(event, "event", path));
  event.clear_sequence();
  event.clear_epoch();
  event.clear_time();
  event.clear_cursor();
  event.clear_before();
  if (event.has_incident()) {
    event.mutable_incident()->clear_alerts();
  }
  RETURN_IF_ERROR(CheckBySchema(event, path));
  RETURN_IF_ERROR(SettleType(event, path));
  RETURN_IF_ERROR(CheckUuidOrEmpty(*event.mutable_id(), path / "id"));
  RETURN_IF_ERROR(CheckIncidentOf(event, path));
  return CheckPayload(event, path);
}

absl::Status NormalizeAlert(v1::Alert& alert, const FieldPath& path) {
  RETURN_IF_ERROR(CheckBytes(alert, "alert", path));
  alert.clear_incident_id();
  alert.clear_deduplicated();
  alert.clear_received_at();
  RETURN_IF_ERROR(CheckBySchema(alert, path));
  DropEmptyValues(*alert.mutable_labels());
  DropEmptyValues(*alert.mutable_annotations());
  return CheckAlert(alert, path);
}

std::string_view IncidentIdOf(const v1::Event& event) {
  if (HasNoIncident(event.type())) {
    return {};
  }
  return event.incident().id().empty() ? PayloadIncidentId(event)
                                       : std::string_view(event.incident().id());
}

bool GivesIncidentByIdOnly(const v1::Event& event) {
  return !IncidentIdOf(event).empty() && HasIdOnly(event.incident(), event.type());
}

v1::Priority PriorityOf(const v1::Event& event) {
  if (event.priority() != v1::PRIORITY_UNSPECIFIED) {
    return event.priority();
  }
  switch (event.type()) {
    case v1::EVENT_TYPE_INCIDENT_CREATED:
      return event.incident().severity() == v1::SEVERITY_P0   ? v1::PRIORITY_CRITICAL
             : event.incident().severity() == v1::SEVERITY_P1 ? v1::PRIORITY_HIGH
                                                              : v1::PRIORITY_NORMAL;
    case v1::EVENT_TYPE_ESCALATED:
      return event.escalated().to_severity() == v1::SEVERITY_P0 ? v1::PRIORITY_CRITICAL
                                                                : v1::PRIORITY_HIGH;
    case v1::EVENT_TYPE_ALERT_RECEIVED:
      return event.alert_received().alert().severity() == v1::SEVERITY_P0 ? v1::PRIORITY_HIGH
                                                                          : v1::PRIORITY_NORMAL;
    case v1::EVENT_TYPE_COMMENT_ADDED:
    case v1::EVENT_TYPE_PLAYBOOK_ACTION_EXECUTED:
    case v1::EVENT_TYPE_SYSTEM_EVENT:
      return v1::PRIORITY_LOW;
    default:
      return v1::PRIORITY_NORMAL;
  }
}

}  // namespace tocsin
