#include "bridge/graphql/event_choice.h"

#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "bridge/graphql/input_words.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/event/json_reader.h"
#include "core/event/text.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::bridge::graphql {
namespace {

namespace json = boost::json;

constexpr std::string_view kExtension = "extensions.resumeFrom";
constexpr std::string_view kArgument = "resumeFrom";

// ---- the filter ----

// All that carry an incident.
void AddIncidentEvents(v1::Filter& filter) {
  for (int type = v1::EventType_MIN + 1; type <= v1::EventType_MAX; ++type) {
    if (v1::EventType_IsValid(type) && type != v1::EVENT_TYPE_ALERT_RECEIVED &&
        type != v1::EVENT_TYPE_SYSTEM_EVENT) {
      filter.add_event_types(static_cast<v1::EventType>(type));
    }
  }
}

void AddOwnTypes(std::string_view root, v1::Filter& filter) {
  if (root == "incidentUpdates" || root == "incidentStateChanges") {
    AddIncidentEvents(filter);
  } else if (root == "newIncidents") {
    filter.add_event_types(v1::EVENT_TYPE_INCIDENT_CREATED);
  } else if (root == "criticalIncidents") {
    filter.add_event_types(v1::EVENT_TYPE_INCIDENT_CREATED);
    filter.add_event_types(v1::EVENT_TYPE_ESCALATED);
    filter.add_severities(v1::SEVERITY_P0);
  } else if (root == "alerts") {
    filter.add_event_types(v1::EVENT_TYPE_ALERT_RECEIVED);
  }
}

// The arguments that are fields of the filter, in its words. `events` has them as one argument.
json::object FilterWords(const PlannedField& root) {
  json::object words =
      InContractWords(root.definition->arguments,
                      root.arguments == nullptr ? json::object() : root.arguments->values);
  words.erase("snapshot");
  words.erase("resume_from");
  if (const json::value* const id = words.if_contains("incident_id")) {
    if (!id->is_null()) words.emplace("incident_ids", json::array{*id});
    words.erase("incident_id");
  }
  return words;
}

absl::StatusOr<FilterPtr> FilterOf(const PlannedField& root) {
  json::value words = FilterWords(root);
  std::string_view path;
  if (root.definition->name == "events") {
    path = "filter";
    const json::value* const filter = words.get_object().if_contains("filter");
    words =
        filter == nullptr || filter->is_null() ? json::value(json::object()) : json::value(*filter);
  }
  ASSIGN_OR_RETURN(v1::Filter filter, ReadJsonFilter(words, path));
  AddOwnTypes(root.definition->name, filter);
  return Filter::Compile(filter, path);
}

// ---- where it starts ----

absl::StatusOr<std::optional<StartPoint>> StartOf(const json::value* given,
                                                  std::string_view field) {
  if (given == nullptr || given->is_null()) {
    return std::nullopt;
  }
  if (!given->is_string()) {
    return FieldError(ErrorCode::kInvalidMessage, field, "is no text",
                      {"a cursor", "an RFC 3339 time", "earliest", "latest"});
  }
  return ParseStartPoint({given->get_string().data(), given->get_string().size()}, field);
}

absl::StatusOr<std::optional<StartPoint>> StartOf(const PlannedField& root,
                                                  const json::object& extensions) {
  ASSIGN_OR_RETURN(const auto extension, StartOf(extensions.if_contains("resumeFrom"), kExtension));
  ASSIGN_OR_RETURN(const auto argument, StartOf(root.Argument(kArgument), kArgument));
  if (extension.has_value() && argument.has_value() && extension != argument) {
    return FieldError(ErrorCode::kInvalidMessage, kArgument,
                      "is another place than extensions.resumeFrom", {"one of the two"});
  }
  return extension.has_value() ? extension : argument;
}

bool IsTrue(const json::value* value) { return value != nullptr && value->as_bool(); }

absl::StatusOr<EventChoice> Choose(const PlannedField& root, const json::object& extensions) {
  EventChoice choice;
  ASSIGN_OR_RETURN(choice.filter, FilterOf(root));
  ASSIGN_OR_RETURN(choice.from, StartOf(root, extensions));
  choice.leaves = IsTrue(root.Argument("snapshot"));
  choice.snapshot = choice.leaves && !choice.from.has_value();
  return choice;
}

}  // namespace

std::variant<EventChoice, Error> ChooseEvents(const PlannedField& root,
                                              const json::object& extensions) {
  if (root.arguments != nullptr && root.arguments->error.has_value()) {
    return *root.arguments->error;
  }
  absl::StatusOr<EventChoice> choice = Choose(root, extensions);
  if (choice.ok()) {
    return *std::move(choice);
  }
  Error error = ErrorOf(choice.status());
  error.locations.assign(root.places.begin(), root.places.end());
  return error;
}

}  // namespace tocsin::bridge::graphql
