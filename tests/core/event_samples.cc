#include "tests/core/event_samples.h"

#include <google/protobuf/timestamp.pb.h>

#include <iterator>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/validate.h"

namespace tocsin {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Timestamp;

constexpr int64_t kSampleSecond = 1'767'323'045;  // 2026-01-02T03:04:05Z
constexpr const char* kSources[] = {"llm-sentinel", "prometheus", "grafana"};
constexpr const char* kResources[] = {"api", "db", "cache", "queue"};
constexpr const char* kLabelKeys[] = {"env", "team", "region"};
constexpr const char* kLabelValues[] = {"production", "staging", ""};
constexpr const char* kIds[] = {kIncidentId, kOtherIncidentId,
                                "0190b6a5-7c1e-7000-8000-000000000003"};

Timestamp At(int64_t seconds, int32_t micros) {
  Timestamp time;
  time.set_seconds(seconds);
  time.set_nanos(micros * 1000);
  return time;
}

void SetSamplePayload(v1::Event& event) {
  switch (event.type()) {
    case v1::EVENT_TYPE_INCIDENT_UPDATED:
      event.mutable_incident_updated()->set_previous_state(v1::INCIDENT_STATE_DETECTED);
      return;
    case v1::EVENT_TYPE_ALERT_RECEIVED:
      *event.mutable_alert_received()->mutable_alert() = SampleAlert();
      return;
    case v1::EVENT_TYPE_ALERT_CONVERTED:
      *event.mutable_alert_converted()->mutable_alert() = SampleAlert();
      return;
    case v1::EVENT_TYPE_ESCALATED:
      event.mutable_escalated()->set_from_severity(v1::SEVERITY_P1);
      event.mutable_escalated()->set_to_severity(v1::SEVERITY_P0);
      event.mutable_escalated()->set_reason("error budget spent");
      return;
    case v1::EVENT_TYPE_PLAYBOOK_STARTED:
      event.mutable_playbook_started()->set_playbook_id(kPlaybookId);
      event.mutable_playbook_started()->set_playbook_name("Restart the gateway");
      return;
    case v1::EVENT_TYPE_PLAYBOOK_ACTION_EXECUTED:
      event.mutable_playbook_action_executed()->set_playbook_id(kPlaybookId);
      event.mutable_playbook_action_executed()->set_action_name("drain");
      event.mutable_playbook_action_executed()->set_success(true);
      event.mutable_playbook_action_executed()->set_message("drained 3 of 3");
      return;
    case v1::EVENT_TYPE_PLAYBOOK_COMPLETED:
      event.mutable_playbook_completed()->set_playbook_id(kPlaybookId);
      event.mutable_playbook_completed()->set_success(true);
      event.mutable_playbook_completed()->set_actions_executed(3);
      return;
    case v1::EVENT_TYPE_NOTIFICATION_SENT:
      event.mutable_notification_sent()->set_channel("pagerduty");
      event.mutable_notification_sent()->set_success(true);
      return;
    case v1::EVENT_TYPE_ASSIGNMENT_CHANGED:
      event.mutable_assignment_changed()->add_assignees("ada");
      event.mutable_assignment_changed()->add_assignees("grace");
      return;
    case v1::EVENT_TYPE_COMMENT_ADDED:
      event.mutable_comment_added()->set_author("ada");
      event.mutable_comment_added()->set_comment("Rolled back.\nWatching \"p99\" now.");
      return;
    case v1::EVENT_TYPE_SYSTEM_EVENT:
      event.mutable_system_event()->set_category("maintenance");
      event.mutable_system_event()->set_message("window opens");
      (*event.mutable_system_event()->mutable_metadata())["window"] = "02:00-03:00";
      return;
    default:
      return;
  }
}

bool IsUuidField(const FieldDescriptor& field) {
  return field.name() == "id" || field.name() == "incident_id" || field.name() == "playbook_id" ||
         field.name() == "active_playbook" || field.name() == "parent_alert_id" ||
         field.name() == "related_incidents";
}

std::string SampleText(const FieldDescriptor& field) {
  return IsUuidField(field) ? kIncidentId : absl::StrCat("a \"", field.name(), "\"\n\u2028 é");
}

void FillMap(Message& message, const FieldDescriptor& field) {
  for (const char* key : {"b\"key", "a"}) {
    Message& entry = *message.GetReflection()->AddMessage(&message, &field);
    const Descriptor& type = *field.message_type();
    entry.GetReflection()->SetString(&entry, type.map_key(), key);
    entry.GetReflection()->SetString(&entry, type.map_value(), SampleText(field));
  }
}

void FillRepeated(Message& message, const FieldDescriptor& field) {
  const auto& reflection = *message.GetReflection();
  if (field.is_map()) {
    FillMap(message, field);
  } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    FillEveryField(*reflection.AddMessage(&message, &field));
  } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    reflection.AddEnumValue(&message, &field, 2);
    reflection.AddEnumValue(&message, &field, 3);
  } else {
    reflection.AddString(&message, &field, SampleText(field));
    reflection.AddString(&message, &field, IsUuidField(field) ? kOtherIncidentId : "two");
  }
}

void FillSingle(Message& message, const FieldDescriptor& field) {
  const auto& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection.SetString(&message, &field, SampleText(field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.SetBool(&message, &field, true);
    case FieldDescriptor::CPPTYPE_ENUM:
      return reflection.SetEnumValue(&message, &field, 2);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reflection.SetDouble(&message, &field, 0.1);
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection.SetUInt32(&message, &field, 4'294'967'295u);
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection.SetUInt64(&message, &field, (uint64_t{1} << 48) - 1);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return FillEveryField(*reflection.MutableMessage(&message, &field));
    default:
      TOCSIN_CHECK(false);  // a kind of field that the schema did not have before
  }
}

template <size_t N>
const char* Pick(std::mt19937& random, const char* const (&values)[N]) {
  return values[random() % N];
}

bool OneIn(std::mt19937& random, unsigned n) { return random() % n == 0; }

template <typename Subject, typename Resources>
void RandomSubject(std::mt19937& random, Subject& subject, Resources& resources) {
  subject.set_severity(static_cast<v1::Severity>(1 + random() % 5));
  subject.set_source(Pick(random, kSources));
  for (size_t i = random() % 3; i > 0; --i) {
    *resources.Add() = Pick(random, kResources);
  }
  for (size_t i = random() % 4; i > 0; --i) {
    (*subject.mutable_labels())[Pick(random, kLabelKeys)] = Pick(random, kLabelValues);
  }
}

}  // namespace

v1::Incident SampleIncident() {
  v1::Incident incident;
  incident.set_id(kIncidentId);
  *incident.mutable_created_at() = At(kSampleSecond, 0);
  *incident.mutable_updated_at() = At(kSampleSecond, 678'901);
  incident.set_state(v1::INCIDENT_STATE_TRIAGED);
  incident.set_severity(v1::SEVERITY_P0);
  incident.set_incident_type(v1::INCIDENT_TYPE_AVAILABILITY);
  incident.set_source("llm-sentinel");
  incident.set_title("API gateway down");
  incident.set_description("5xx above 40 % for 3 min");
  incident.add_affected_resources("api-gateway");
  (*incident.mutable_labels())["env"] = "production";
  (*incident.mutable_labels())["team"] = "edge";
  incident.add_assignees("ada");
  return incident;
}

v1::Alert SampleAlert() {
  v1::Alert alert;
  alert.set_id("0190b6a5-7c1e-7000-8000-0000000000bb");
  alert.set_external_id("prom-17");
  alert.set_source("prometheus");
  *alert.mutable_timestamp() = At(kSampleSecond, 0);
  *alert.mutable_received_at() = At(kSampleSecond, 5);
  alert.set_severity(v1::SEVERITY_P0);
  alert.set_alert_type(v1::INCIDENT_TYPE_AVAILABILITY);
  alert.set_title("HighErrorRate");
  alert.set_description("errors / requests > 0.4");
  (*alert.mutable_labels())["job"] = "api";
  alert.add_affected_services("api-gateway");
  alert.set_runbook_url("https://runbooks.example/high-error-rate");
  alert.set_status(v1::ALERT_STATUS_FIRING);
  alert.set_fingerprint("prometheus:a0ff8fa9c3c7b1d2");
  return alert;
}

v1::Event SampleEvent(v1::EventType type) {
  v1::Event event;
  event.set_type(type);
  event.set_id("0190b6a5-7c1e-7000-8000-0000000000ee");
  event.set_actor("ada");
  if (type != v1::EVENT_TYPE_ALERT_RECEIVED && type != v1::EVENT_TYPE_SYSTEM_EVENT) {
    *event.mutable_incident() = SampleIncident();
  }
  SetSamplePayload(event);
  TOCSIN_CHECK(NormalizeEvent(event, "event").ok());
  event.set_sequence(7);
  event.set_epoch(0x3f9a1c07b2d4);
  *event.mutable_time() = At(kSampleSecond, 678'901);
  event.set_cursor("3f9a1c07b2d4-7");
  event.set_priority(PriorityOf(event));
  return event;
}

std::vector<v1::EventType> AllEventTypes() {
  std::vector<v1::EventType> types;
  for (int number = v1::EventType_MIN + 1; number <= v1::EventType_MAX; ++number) {
    types.push_back(static_cast<v1::EventType>(number));
  }
  return types;
}

void FillEveryField(Message& message) {
  if (message.GetDescriptor() == Timestamp::descriptor()) {
    static_cast<Timestamp&>(message) = At(kSampleSecond, 678'901);
    return;
  }
  const Descriptor& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.real_containing_oneof() != nullptr) {
      continue;
    }
    if (field.is_repeated()) {
      FillRepeated(message, field);
    } else {
      FillSingle(message, field);
    }
  }
}

v1::Event RandomEvent(std::mt19937& random) {
  v1::Event event;
  event.set_type(static_cast<v1::EventType>(1 + random() % 14));
  const bool alert_only = event.type() == v1::EVENT_TYPE_ALERT_RECEIVED;
  v1::Alert* const alert = alert_only ? event.mutable_alert_received()->mutable_alert()
                           : event.type() == v1::EVENT_TYPE_ALERT_CONVERTED
                               ? event.mutable_alert_converted()->mutable_alert()
                               : nullptr;
  if (alert != nullptr) {
    RandomSubject(random, *alert, *alert->mutable_affected_services());
  }
  if (!alert_only && event.type() != v1::EVENT_TYPE_SYSTEM_EVENT) {
    v1::Incident& incident = *event.mutable_incident();
    incident.set_id(Pick(random, kIds));
    incident.set_state(static_cast<v1::IncidentState>(1 + random() % 6));
    RandomSubject(random, incident, *incident.mutable_affected_resources());
  }
  return event;
}

v1::Filter RandomFilter(std::mt19937& random) {
  v1::Filter filter;
  for (size_t i = OneIn(random, 3) ? random() % 8 : 0; i > 0; --i) {
    filter.add_event_types(static_cast<v1::EventType>(1 + random() % 14));
  }
  for (size_t i = OneIn(random, 3) ? 1 + random() % 3 : 0; i > 0; --i) {
    filter.add_severities(static_cast<v1::Severity>(1 + random() % 5));
  }
  for (size_t i = OneIn(random, 4) ? 1 + random() % 3 : 0; i > 0; --i) {
    filter.add_states(static_cast<v1::IncidentState>(1 + random() % 6));
  }
  for (size_t i = OneIn(random, 4) ? 1 + random() % 2 : 0; i > 0; --i) {
    filter.add_sources(Pick(random, kSources));
  }
  for (size_t i = OneIn(random, 4) ? 1 + random() % 2 : 0; i > 0; --i) {
    filter.add_affected_resources(Pick(random, kResources));
  }
  for (size_t i = OneIn(random, 4) ? 1 + random() % 2 : 0; i > 0; --i) {
    (*filter.mutable_labels())[Pick(random, kLabelKeys)] = Pick(random, kLabelValues);
  }
  for (size_t i = OneIn(random, 5) ? 1 + random() % 2 : 0; i > 0; --i) {
    filter.add_incident_ids(Pick(random, kIds));
  }
  filter.set_active_only(OneIn(random, 5));
  return filter;
}

std::string Describe(const absl::Status& status) {
  if (status.ok()) {
    return "OK";
  }
  return absl::StrCat(ToAbsl(RowOf(ErrorCodeOf(status)).name), " ", ErrorDetailsOf(status).field);
}

}  // namespace tocsin
