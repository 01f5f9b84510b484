#include "cli/pub_event.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "cli/flags.h"
#include "core/base/closest.h"
#include "core/base/option_values.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/json_reader.h"
#include "core/event/names.h"
#include "core/event/uuid.h"
#include "core/event/validate.h"

namespace tocsin::cli {
namespace {

namespace json = boost::json;
using Place = PubFlag::Place;
using Shape = PubFlag::Shape;

constexpr uint32_t Bit(v1::EventType type) { return uint32_t{1} << type; }

constexpr uint32_t kAll = 0x7ffe;  // the 14 types, 1 to 14
constexpr uint32_t kAlert =
    Bit(v1::EVENT_TYPE_ALERT_RECEIVED) | Bit(v1::EVENT_TYPE_ALERT_CONVERTED);
constexpr uint32_t kSystem = Bit(v1::EVENT_TYPE_SYSTEM_EVENT);
constexpr uint32_t kAboutIncident = kAll & ~kSystem & ~Bit(v1::EVENT_TYPE_ALERT_RECEIVED);
// The types whose flags describe the incident itself. Those of alert_converted describe the alert.
constexpr uint32_t kIncident = kAll & ~kSystem & ~kAlert;
constexpr uint32_t kAssigned = Bit(v1::EVENT_TYPE_ASSIGNMENT_CHANGED);
constexpr uint32_t kResolved =
    Bit(v1::EVENT_TYPE_INCIDENT_RESOLVED) | Bit(v1::EVENT_TYPE_INCIDENT_CLOSED);
constexpr uint32_t kUpdated = Bit(v1::EVENT_TYPE_INCIDENT_UPDATED);
constexpr uint32_t kEscalated = Bit(v1::EVENT_TYPE_ESCALATED);
constexpr uint32_t kStarted = Bit(v1::EVENT_TYPE_PLAYBOOK_STARTED);
constexpr uint32_t kAction = Bit(v1::EVENT_TYPE_PLAYBOOK_ACTION_EXECUTED);
constexpr uint32_t kCompleted = Bit(v1::EVENT_TYPE_PLAYBOOK_COMPLETED);
constexpr uint32_t kNotified = Bit(v1::EVENT_TYPE_NOTIFICATION_SENT);
constexpr uint32_t kComment = Bit(v1::EVENT_TYPE_COMMENT_ADDED);
constexpr uint32_t kHasSuccess = kAction | kCompleted | kNotified;

constexpr PubFlag kFlags[] = {
    {"incident-id", "UUID", "The incident; alone, the hub fills in the rest", kAboutIncident,
     Place::kEvent, "incident_id", Shape::kText},
    {"severity", "P0..P4", "How bad it is", kIncident, Place::kIncident, "severity", Shape::kText},
    {"severity", "P0..P4", "How bad it is", kAlert, Place::kAlert, "severity", Shape::kText},
    {"title", "TEXT", "1 to 500 characters", kIncident, Place::kIncident, "title", Shape::kText},
    {"title", "TEXT", "1 to 500 characters", kAlert, Place::kAlert, "title", Shape::kText},
    {"source", "TEXT", "Who noticed; 1 to 255 characters", kIncident, Place::kIncident, "source",
     Shape::kText},
    {"source", "TEXT", "Who noticed; 1 to 255 characters", kAlert, Place::kAlert, "source",
     Shape::kText},
    {"description", "TEXT", "What is known", kIncident, Place::kIncident, "description",
     Shape::kText},
    {"description", "TEXT", "What is known", kAlert, Place::kAlert, "description", Shape::kText},
    {"label", "KEY=VALUE", "A label; repeat for more", kIncident, Place::kIncident, "labels",
     Shape::kPairs},
    {"label", "KEY=VALUE", "A label; repeat for more", kAlert, Place::kAlert, "labels",
     Shape::kPairs},
    {"state", "STATE", "Detected, Triaged, Investigating, ...", kIncident, Place::kIncident,
     "state", Shape::kText},
    {"incident-type", "TYPE", "Infrastructure, Application, ...", kIncident, Place::kIncident,
     "incident_type", Shape::kText},
    {"resource", "TEXT", "An affected resource; repeat for more", kIncident, Place::kIncident,
     "affected_resources", Shape::kTexts},
    {"assignee", "TEXT", "Who works on it; repeat for more", kIncident & ~kAssigned,
     Place::kIncident, "assignees", Shape::kTexts},
    {"assignee", "TEXT", "", kAssigned, Place::kEvent, "assignees", Shape::kTexts},
    {"metadata", "KEY=VALUE", "More about it; repeat for more", kIncident, Place::kIncident,
     "metadata", Shape::kPairs},
    {"metadata", "KEY=VALUE", "", kSystem, Place::kEvent, "metadata", Shape::kPairs},
    {"fingerprint", "TEXT", "What makes two incidents the same", kIncident, Place::kIncident,
     "fingerprint", Shape::kText},
    {"previous-state", "STATE", "The state before", kUpdated, Place::kEvent, "previous_state",
     Shape::kText},
    {"resolved-by", "TEXT", "Who resolved it", kResolved, Place::kResolution, "resolved_by",
     Shape::kText},
    {"resolution-method", "METHOD", "Automated, Manual or AutoAssistedManual", kResolved,
     Place::kResolution, "resolution_method", Shape::kText},
    {"root-cause", "TEXT", "What it was", kResolved, Place::kResolution, "root_cause",
     Shape::kText},
    {"resolution-notes", "TEXT", "How it was resolved", kResolved, Place::kResolution, "notes",
     Shape::kText},
    {"alert-id", "UUID", "The alert; made by the hub when left out", kAlert, Place::kAlert, "id",
     Shape::kText},
    {"external-id", "TEXT", "The alert's id where it comes from", kAlert, Place::kAlert,
     "external_id", Shape::kText},
    {"alert-type", "TYPE", "Infrastructure, Application, ...", kAlert, Place::kAlert, "alert_type",
     Shape::kText},
    {"service", "TEXT", "An affected service; repeat for more", kAlert, Place::kAlert,
     "affected_services", Shape::kTexts},
    {"runbook-url", "URL", "What to do about it", kAlert, Place::kAlert, "runbook_url",
     Shape::kText},
    {"status", "STATUS", "Firing (the default), Acknowledged or Resolved", kAlert, Place::kAlert,
     "status", Shape::kText},
    {"fingerprint", "TEXT", "What makes two alerts the same", kAlert, Place::kAlert, "fingerprint",
     Shape::kText},
    {"timestamp", "TIME", "When it happened, as RFC 3339 writes it", kAlert, Place::kAlert,
     "timestamp", Shape::kText},
    {"parent-alert-id", "UUID", "The alert that this one follows from", kAlert, Place::kAlert,
     "parent_alert_id", Shape::kText},
    {"annotation", "KEY=VALUE", "More about the alert; repeat for more", kAlert, Place::kAlert,
     "annotations", Shape::kPairs},
    {"from-severity", "P0..P4", "The severity before", kEscalated, Place::kEvent, "from_severity",
     Shape::kText},
    {"to-severity", "P0..P4", "The severity from now on", kEscalated, Place::kEvent, "to_severity",
     Shape::kText},
    {"reason", "TEXT", "Why", kEscalated, Place::kEvent, "reason", Shape::kText},
    {"playbook-id", "UUID", "The playbook", kStarted | kAction | kCompleted, Place::kEvent,
     "playbook_id", Shape::kText},
    {"playbook-name", "TEXT", "Its name", kStarted, Place::kEvent, "playbook_name", Shape::kText},
    {"action-name", "TEXT", "What was done", kAction, Place::kEvent, "action_name", Shape::kText},
    {"success", "", "It went well", kHasSuccess, Place::kEvent, "success", Shape::kTrue},
    {"failed", "", "It did not", kHasSuccess, Place::kEvent, "success", Shape::kFalse},
    {"actions-executed", "NUMBER", "How many", kCompleted, Place::kEvent, "actions_executed",
     Shape::kNumber},
    {"message", "TEXT", "What to say about it", kAction | kSystem, Place::kEvent, "message",
     Shape::kText},
    {"channel", "TEXT", "Where it was sent", kNotified, Place::kEvent, "channel", Shape::kText},
    {"author", "TEXT", "Who wrote it", kComment, Place::kEvent, "author", Shape::kText},
    {"comment", "TEXT", "The comment", kComment, Place::kEvent, "comment", Shape::kText},
    {"category", "TEXT", "What part of the system", kSystem, Place::kEvent, "category",
     Shape::kText},
    {"id", "UUID", "The event's id: publishing it again adds nothing", kAll, Place::kEvent, "id",
     Shape::kText},
    {"actor", "TEXT", "Who did it", kAll, Place::kEvent, "actor", Shape::kText},
    {"priority", "PRIORITY", "Low, Normal, High, Critical; else derived", kAll, Place::kEvent,
     "priority", Shape::kText},
    {"traceparent", "TEXT", "W3C trace context", kAll, Place::kEvent, "traceparent", Shape::kText},
};

absl::Status Wrong(std::string_view flag, std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("--", ToAbsl(flag), " ", ToAbsl(what)));
}

const PubFlag* RowOf(std::string_view name, v1::EventType type) {
  const auto found = std::find_if(std::begin(kFlags), std::end(kFlags), [&](const PubFlag& flag) {
    return flag.name == name && (flag.types & Bit(type)) != 0;
  });
  return found == std::end(kFlags) ? nullptr : found;
}

std::string TypesOf(std::string_view name) {
  uint32_t types = 0;
  for (const PubFlag& flag : kFlags) {
    if (flag.name == name) types |= flag.types;
  }
  std::vector<std::string> names;
  for (int type = 1; type <= 14; ++type) {
    if ((types & (uint32_t{1} << type)) == 0) continue;
    names.push_back(
        absl::StrReplaceAll(ToAbsl(NameOf(static_cast<v1::EventType>(type))), {{"_", "-"}}));
  }
  return absl::StrJoin(names, ", ");
}

std::string FlagsOf(v1::EventType type) {
  std::vector<std::string> names;
  for (const PubFlag& flag : kFlags) {
    if ((flag.types & Bit(type)) != 0) names.push_back(absl::StrCat("--", flag.name));
  }
  return absl::StrJoin(names, " ");
}

absl::Status NotOfThisType(std::string_view name, v1::EventType type) {
  return Wrong(
      name,
      absl::StrCat("does not go with ", absl::StrReplaceAll(ToAbsl(NameOf(type)), {{"_", "-"}}),
                   " but with: ", TypesOf(name), ". Its own flags are ", FlagsOf(type)));
}

json::string_view Json(std::string_view text) { return {text.data(), text.size()}; }

absl::StatusOr<json::value> Pairs(const PubFlag& flag, const std::vector<std::string>& values) {
  json::object pairs;
  for (const std::string& value : values) {
    const size_t equals = value.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Wrong(flag.name, absl::StrCat("'", value, "' must be KEY=VALUE"));
    }
    const std::string key = value.substr(0, equals);
    if (!pairs.emplace(key, value.substr(equals + 1)).second) {
      return Wrong(flag.name, absl::StrCat("gives '", key, "' twice"));
    }
  }
  return json::value(std::move(pairs));
}

absl::StatusOr<json::value> Scalar(const PubFlag& flag, const std::vector<std::string>& values) {
  if (values.size() > 1) return Wrong(flag.name, "is given twice");
  if (flag.shape == Shape::kTrue || flag.shape == Shape::kFalse) {
    return json::value(flag.shape == Shape::kTrue);
  }
  if (flag.shape == Shape::kText) return json::value(Json(values.front()));
  const auto number = ParseCount(values.front());
  if (!number.ok()) return Wrong(flag.name, ToStd(number.status().message()));
  // The JSON parser makes a number unsigned only when it does not fit a signed one; do the same.
  constexpr auto kMost = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  return *number <= kMost ? json::value(static_cast<int64_t>(*number))
                          : json::value(uint64_t{*number});
}

absl::StatusOr<json::value> ValueOf(const PubFlag& flag, const std::vector<std::string>& values) {
  if (flag.shape == Shape::kPairs) return Pairs(flag, values);
  if (flag.shape != Shape::kTexts) return Scalar(flag, values);
  json::array texts;
  for (const std::string& value : values) texts.emplace_back(Json(value));
  return json::value(std::move(texts));
}

json::object& ObjectAt(json::object& parent, const char* key) {
  json::value& value = parent[key];
  if (!value.is_object()) value.emplace_object();
  return value.get_object();
}

json::object& PlaceOf(json::object& event, Place place) {
  switch (place) {
    case Place::kIncident:
      return ObjectAt(event, "incident");
    case Place::kAlert:
      return ObjectAt(event, "alert");
    case Place::kResolution:
      return ObjectAt(ObjectAt(event, "incident"), "resolution");
    case Place::kEvent:
      break;
  }
  return event;
}

std::string PathOf(const PubFlag& flag) {
  switch (flag.place) {
    case Place::kIncident:
      return absl::StrCat("incident.", flag.key);
    case Place::kAlert:
      return absl::StrCat("alert.", flag.key);
    case Place::kResolution:
      return absl::StrCat("incident.resolution.", flag.key);
    case Place::kEvent:
      break;
  }
  return flag.key;
}

// "incident.title is required" as "--title is required".
absl::Status InFlags(const absl::Status& status, v1::EventType type) {
  std::string message(status.message());
  // The payload's own name comes before its fields'.
  const std::string payload = absl::StrCat(ToAbsl(NameOf(type)), ".");
  if (absl::StartsWith(message, payload)) message.erase(0, payload.size());
  for (const PubFlag& flag : kFlags) {
    const std::string path = PathOf(flag);
    if ((flag.types & Bit(type)) == 0 || !absl::StartsWith(message, path)) continue;
    const char next = message.size() > path.size() ? message[path.size()] : ' ';
    if (next == ' ' || next == '[')
      return Wrong(flag.name, message.substr(path.size() + (next == ' ')));
  }
  // The incident's id may be reported where it ends up.
  if (absl::StartsWith(message, "incident.id ")) return Wrong("incident-id", message.substr(12));
  return absl::InvalidArgumentError(message);
}

absl::StatusOr<json::object> JsonOf(v1::EventType type, const GivenFlags& given) {
  json::object event;
  event["type"] = Json(NameOf(type));
  // There, so that what it lacks is named.
  if ((kAlert & Bit(type)) != 0) ObjectAt(event, "alert");
  for (const auto& [name, values] : given) {
    const PubFlag* flag = RowOf(name, type);
    if (flag == nullptr) return NotOfThisType(name, type);
    json::object& place = PlaceOf(event, flag->place);
    if (place.contains(flag->key)) return Wrong(name, "contradicts another flag");
    ASSIGN_OR_RETURN(place[flag->key], ValueOf(*flag, values));
  }
  if ((kHasSuccess & Bit(type)) != 0 && !event.contains("success")) {
    return absl::InvalidArgumentError("one of --success and --failed is required");
  }
  return event;
}

}  // namespace

std::span<const PubFlag> PubFlags() { return kFlags; }

absl::StatusOr<v1::EventType> ParseEventType(std::string_view text) {
  const std::string name = absl::StrReplaceAll(absl::AsciiStrToLower(ToAbsl(text)), {{"-", "_"}});
  if (const auto number = EnumNumber(*v1::EventType_descriptor(), name)) {
    return static_cast<v1::EventType>(*number);
  }
  const std::vector<std::string> names = TypeNames();
  return absl::InvalidArgumentError(
      absl::StrCat("there is no event type '", ToAbsl(text), "'",
                   DidYouMean(absl::StrReplaceAll(name, {{"_", "-"}}), names), " (the types are ",
                   absl::StrJoin(names, ", "), ")"));
}

absl::StatusOr<v1::Event> MakeEvent(v1::EventType type, const GivenFlags& given) {
  ASSIGN_OR_RETURN(json::object object, JsonOf(type, given));
  absl::StatusOr<v1::Event> event = ReadJsonEvent(json::value(std::move(object)), "");
  if (!event.ok()) return InFlags(event.status(), type);
  if (event->id().empty()) event->set_id(NewUuid(absl::Now()));
  const absl::Status valid = NormalizeEvent(*event, "");
  if (!valid.ok()) return InFlags(valid, type);
  return event;
}

}  // namespace tocsin::cli
