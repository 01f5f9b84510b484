#include "core/event/json_input.h"

#include <algorithm>
#include <boost/json/value.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/json_fields.h"
#include "core/event/text.h"

namespace tocsin {
namespace {

namespace json = boost::json;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

using Names = std::span<const std::string_view>;

constexpr std::string_view kId = "id";
constexpr std::string_view kAlertInput[] = {
    "id",     "external_id", "source",  "timestamp",         "severity",    "alert_type",
    "title",  "description", "labels",  "affected_services", "runbook_url", "annotations",
    "status", "fingerprint", "ends_at", "parent_alert_id"};
constexpr std::string_view kIncidentInput[] = {
    "state",           "severity",           "incident_type", "source",      "title",
    "description",     "affected_resources", "labels",        "metadata",    "related_incidents",
    "active_playbook", "resolution",         "assignees",     "fingerprint", "correlation_score"};

// A resolution's own fields.
constexpr std::string_view kResolveInput[] = {"resolved_at", "resolved_by", "resolution_method",
                                              "root_cause", "notes"};
constexpr std::string_view kCommentInput[] = {"author", "comment"};
constexpr std::string_view kAssignInput[] = {"assignees"};
constexpr std::string_view kEscalateInput[] = {"to_severity", "reason"};

const JsonFields kFields{ErrorCode::kInvalidMessage};

bool IsIn(Names names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

const FieldDescriptor* FieldOf(const Message& message, std::string_view name) {
  return message.GetDescriptor()->FindFieldByName(std::string(name));
}

absl::Status NotTheClients(Names names, std::string_view path) {
  std::vector<std::string> allowed(names.begin(), names.end());
  if (!std::ranges::equal(names, kAlertInput)) {
    allowed.emplace_back(kActorInput);
  }
  return kFields.UnknownField(path, std::move(allowed));
}

// Calls `read` with each field of the object that is among the names.
template <class Read>
absl::Status ForEachField(const json::value& value, std::string_view path, const Message& message,
                          Names names, bool pass_over_others, Read read) {
  ASSIGN_OR_RETURN(const json::object* const object, kFields.Object(value, path));
  for (const json::key_value_pair& entry : *object) {
    const std::string_view name(entry.key().data(), entry.key().size());
    const std::string field = JoinPath(path, name);
    if (IsIn(names, name)) {
      RETURN_IF_ERROR(read(*FieldOf(message, name), entry.value(), field));
    } else if (!pass_over_others || FieldOf(message, name) == nullptr) {
      return NotTheClients(names, field);
    }
  }
  return absl::OkStatus();
}

// Takes the fields with those names into the message.
absl::Status Read(const json::value& value, std::string_view path, Names names,
                  bool pass_over_others, Message& message) {
  return ForEachField(
      value, path, message, names, pass_over_others,
      [&](const FieldDescriptor& field, const json::value& given, std::string_view field_path) {
        return kFields.ReadField(given, message, field, field_path);
      });
}

// The object without its actor, which becomes the event's. Anything else is left for the reader to
// refuse.
absl::StatusOr<json::value> TakeActor(const json::value& value, std::string_view path,
                                      v1::Event& event) {
  const auto* const actor = value.is_object() ? value.get_object().if_contains("actor") : nullptr;
  if (actor == nullptr) {
    return value;
  }
  RETURN_IF_ERROR(
      kFields.ReadField(*actor, event, *FieldOf(event, kActorInput), JoinPath(path, kActorInput)));
  json::value rest = value;
  rest.get_object().erase("actor");
  return rest;
}

// ---- merge patch ----

void EraseEntry(v1::Incident& incident, const FieldDescriptor& field, const std::string& key) {
  auto& map = field.number() == v1::Incident::kLabelsFieldNumber ? *incident.mutable_labels()
                                                                 : *incident.mutable_metadata();
  map.erase(key);
}

// Of the patch's entries those that are null are taken away; the others are read over what is
// there: of two entries with one key the later one counts.
absl::Status PatchMap(const json::value& patch, std::string_view path, const FieldDescriptor& field,
                      v1::Incident& incident) {
  ASSIGN_OR_RETURN(const json::object* const object, kFields.Object(patch, path));
  json::object kept;
  for (const json::key_value_pair& entry : *object) {
    EraseEntry(incident, field, std::string(entry.key()));
    if (!entry.value().is_null()) {
      kept.emplace(entry.key(), entry.value());
    }
  }
  return kFields.ReadField(kept, incident, field, path);
}

absl::Status PatchField(const json::value& patch, std::string_view path,
                        const FieldDescriptor& field, Message& message) {
  const auto& reflection = *message.GetReflection();
  if (patch.is_null()) {
    reflection.ClearField(&message, &field);
    return absl::OkStatus();
  }
  if (field.is_repeated()) {
    reflection.ClearField(&message, &field);
  }
  return kFields.ReadField(patch, message, field, path);
}

absl::Status PatchResolution(const json::value& patch, std::string_view path,
                             v1::Incident& incident) {
  v1::Resolution& resolution = *incident.mutable_resolution();
  const std::vector<std::string> all = FieldNames(*v1::Resolution::descriptor());
  const std::vector<std::string_view> names(all.begin(), all.end());
  return ForEachField(
      patch, path, resolution, names, false,
      [&](const FieldDescriptor& field, const json::value& given, std::string_view field_path) {
        return PatchField(given, field_path, field, resolution);
      });
}

}  // namespace

std::span<const std::string_view> AlertInputFields() { return kAlertInput; }
std::span<const std::string_view> IncidentInputFields() { return kIncidentInput; }

std::span<const std::string_view> ActionInputFields(v1::EventType type) {
  switch (type) {
    case v1::EVENT_TYPE_INCIDENT_RESOLVED:
      return kResolveInput;
    case v1::EVENT_TYPE_COMMENT_ADDED:
      return kCommentInput;
    case v1::EVENT_TYPE_ASSIGNMENT_CHANGED:
      return kAssignInput;
    case v1::EVENT_TYPE_ESCALATED:
      return kEscalateInput;
    default:
      TOCSIN_CHECK(false);
  }
}

absl::StatusOr<v1::Alert> ReadJsonAlert(const json::value& value, std::string_view path) {
  v1::Alert alert;
  RETURN_IF_ERROR(Read(value, path, kAlertInput, false, alert));
  return alert;
}

absl::Status ReadJsonIncident(const json::value& value, std::string_view path,
                              bool pass_over_output, v1::Event& event) {
  std::vector<std::string_view> names = {kId};
  names.insert(names.end(), std::begin(kIncidentInput), std::end(kIncidentInput));
  ASSIGN_OR_RETURN(const json::value rest, TakeActor(value, path, event));
  return Read(rest, path, names, pass_over_output, *event.mutable_incident());
}

absl::Status PatchJsonIncident(const json::value& patch, std::string_view path, v1::Event& event) {
  v1::Incident& incident = *event.mutable_incident();
  ASSIGN_OR_RETURN(const json::value rest, TakeActor(patch, path, event));
  return ForEachField(
      rest, path, incident, kIncidentInput, false,
      [&](const FieldDescriptor& field, const json::value& given, std::string_view field_path) {
        if (field.is_map() && !given.is_null()) {
          return PatchMap(given, field_path, field, incident);
        }
        if (field.number() == v1::Incident::kResolutionFieldNumber && !given.is_null()) {
          return PatchResolution(given, field_path, incident);
        }
        return PatchField(given, field_path, field, incident);
      });
}

absl::Status ReadJsonAction(const json::value& value, std::string_view path, v1::Event& event) {
  ASSIGN_OR_RETURN(const json::value rest, TakeActor(value, path, event));
  const FieldDescriptor* const payload =
      v1::Event::descriptor()->FindFieldByNumber(20 + event.type());
  Message& message = event.type() == v1::EVENT_TYPE_INCIDENT_RESOLVED
                         ? *event.mutable_incident()->mutable_resolution()
                         : *event.GetReflection()->MutableMessage(&event, payload);
  return Read(rest, path, ActionInputFields(event.type()), false, message);
}

}  // namespace tocsin
