#include "core/event/json_input.h"

#include <algorithm>
#include <boost/json/value.hpp>
#include <string>
#include <vector>

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

const JsonFields kFields{ErrorCode::kInvalidMessage};

bool IsIn(Names names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

const FieldDescriptor* FieldOf(const Message& message, std::string_view name) {
  return message.GetDescriptor()->FindFieldByName(std::string(name));
}

absl::Status NotTheClients(Names allowed, std::string_view path) {
  return kFields.UnknownField(path, std::vector<std::string>(allowed.begin(), allowed.end()));
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

absl::Status Read(const json::value& value, std::string_view path, Names names,
                  bool pass_over_others, Message& message) {
  return ForEachField(
      value, path, message, names, pass_over_others,
      [&](const FieldDescriptor& field, const json::value& given, std::string_view field_path) {
        return kFields.ReadField(given, message, field, field_path);
      });
}

// ---- merge patch ----

void EraseEntry(v1::Incident& incident, const FieldDescriptor& field, const std::string& key) {
  auto& map = field.number() == v1::Incident::kLabelsFieldNumber ? *incident.mutable_labels()
                                                                 : *incident.mutable_metadata();
  map.erase(key);
}

// Of the patch's entries those that are null are taken away; the others are read over what is there:
// of two entries with one key the later one counts.
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

absl::StatusOr<v1::Alert> ReadJsonAlert(const json::value& value, std::string_view path) {
  v1::Alert alert;
  RETURN_IF_ERROR(Read(value, path, kAlertInput, false, alert));
  return alert;
}

absl::StatusOr<v1::Incident> ReadJsonIncident(const json::value& value, std::string_view path,
                                              bool pass_over_output) {
  v1::Incident incident;
  std::vector<std::string_view> names = {kId};
  names.insert(names.end(), std::begin(kIncidentInput), std::end(kIncidentInput));
  RETURN_IF_ERROR(Read(value, path, names, pass_over_output, incident));
  return incident;
}

absl::Status PatchJsonIncident(const json::value& patch, std::string_view path,
                               v1::Incident& incident) {
  return ForEachField(
      patch, path, incident, kIncidentInput, false,
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

}  // namespace tocsin
