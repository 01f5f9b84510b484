#include "bridge/http/filter_parameters.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/http/query_parameters.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/event/names.h"
#include "core/event/text.h"

namespace tocsin::bridge {
namespace {

using google::protobuf::FieldDescriptor;

constexpr std::string_view kLabelPrefix = "labels.";
constexpr std::string_view kActiveOnly = "active_only";

constexpr std::pair<std::string_view, std::string_view> kSingulars[] = {
    {"event_type", "event_types"},
    {"severity", "severities"},
    {"state", "states"},
    {"source", "sources"},
    {"incident_id", "incident_ids"},
    {"affected_resource", "affected_resources"}};

std::string_view PluralOf(std::string_view name) {
  for (const auto& [singular, plural] : kSingulars) {
    name = name == singular ? plural : name;
  }
  return name;
}

std::string_view ExampleOf(std::string_view plural) {
  constexpr std::pair<std::string_view, std::string_view> kExamples[] = {
      {"event_types", "incident_created,escalated"},
      {"severities", "P0,P1"},
      {"states", "Detected,Triaged"},
      {"sources", "monitor"},
      {"incident_ids", "0190b6a5-7c1e-7000-8000-000000000001"},
      {"affected_resources", "db-1"}};
  for (const auto& [name, example] : kExamples) {
    if (name == plural) {
      return example;
    }
  }
  return "";
}

// The list of the filter that a parameter of that name adds to; null where there is none.
const FieldDescriptor* ListOf(std::string_view name) {
  const FieldDescriptor* const field = v1::Filter::descriptor()->FindFieldByName(std::string(name));
  return field != nullptr && field->is_repeated() && !field->is_map() ? field : nullptr;
}

absl::Status AddValue(const std::string& name, std::string value, const FieldDescriptor& field,
                      v1::Filter& filter) {
  const auto& reflection = *filter.GetReflection();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    reflection.AddString(&filter, &field, std::move(value));
    return absl::OkStatus();
  }
  const std::optional<int> number = EnumNumber(*field.enum_type(), value);
  if (!number.has_value()) {
    return FieldError(ErrorCode::kInvalidFilter, name, absl::StrCat("has no value ", Quote(value)),
                      EnumNames(*field.enum_type()));
  }
  reflection.AddEnumValue(&filter, &field, *number);
  return absl::OkStatus();
}

}  // namespace

std::optional<absl::Status> FilterParameters::Read(const http::Field& parameter) {
  if (parameter.name.starts_with(kLabelPrefix)) {
    return ReadLabel(parameter);
  }
  const FieldDescriptor* const list =
      ListOf(forms_ == NameForms::kSingularToo ? PluralOf(parameter.name) : parameter.name);
  if (list == nullptr && parameter.name != kActiveOnly) {
    return std::nullopt;
  }
  if (parameter.value.empty()) {
    return WrongParameter(parameter.name, "is empty: leave it out to match all");
  }
  if (list == nullptr) {
    return ReadActiveOnly(parameter);
  }
  for (std::string& value : ListValues(parameter.value)) {
    RETURN_IF_ERROR(AddValue(parameter.name, std::move(value), *list, filter_));
  }
  return absl::OkStatus();
}

absl::Status FilterParameters::ReadLabel(const http::Field& parameter) {
  const std::string key = parameter.name.substr(kLabelPrefix.size());
  const auto [entry, added] = filter_.mutable_labels()->insert({key, parameter.value});
  if (!added && entry->second != parameter.value) {
    return WrongParameter(parameter.name, "is given twice with two values: no event has both");
  }
  return absl::OkStatus();
}

absl::Status FilterParameters::ReadActiveOnly(const http::Field& parameter) {
  if (std::exchange(active_only_given_, true)) {
    return WrongParameter(parameter.name, "is given twice");
  }
  ASSIGN_OR_RETURN(const bool active_only, OneOfTwo(parameter, "true", "false"));
  filter_.set_active_only(active_only);
  return absl::OkStatus();
}

std::vector<http::ParameterDoc> FilterParameters::Docs(NameForms forms, std::string_view left_out) {
  constexpr char kText[] = R"({"type":"string"})";
  std::vector<http::ParameterDoc> docs;
  const auto& type = *v1::Filter::descriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const std::string_view name = type.field(i)->name();
    if (type.field(i)->is_repeated() && !type.field(i)->is_map() && name != left_out) {
      docs.push_back({name, "query", "Values with commas between them.", kText, ExampleOf(name)});
    }
  }
  docs.push_back(
      {"labels.KEY", "query", "The value of a label: labels.env=production.", kText, "production"});
  docs.push_back(
      {kActiveOnly, "query", "Of incidents in an active state.", R"({"type":"boolean"})", "true"});
  for (const auto& [singular, plural] : kSingulars) {
    if (forms == NameForms::kSingularToo && plural != left_out) {
      docs.push_back({singular, "query", "The same as the plural.", kText, ExampleOf(plural)});
    }
  }
  return docs;
}

std::vector<std::string> FilterParameters::Names() {
  std::vector<std::string> names;
  const auto& type = *v1::Filter::descriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    names.push_back(type.field(i)->is_map() ? absl::StrCat(kLabelPrefix.data(), "KEY")
                                            : type.field(i)->name());
  }
  return names;
}

}  // namespace tocsin::bridge
