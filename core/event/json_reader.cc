#include "core/event/json_reader.h"

#include <algorithm>
#include <boost/json/value.hpp>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/json_fields.h"
#include "core/event/names.h"
#include "core/event/text.h"

namespace tocsin {
namespace {

namespace json = boost::json;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// Given by the hub: what a subscriber received may be published again as it is, and these are then
// given anew.
constexpr std::string_view kOutputOnly[] = {"sequence", "epoch",      "time",     "before",
                                            "cursor",   "message_id", "timestamp"};
// Fields of the event itself, whatever its type.
constexpr std::string_view kCommon[] = {"id", "priority", "actor", "traceparent", "incident"};
constexpr std::string_view kIncidentId = "incident_id";

template <size_t N>
bool IsIn(const std::string_view (&names)[N], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// Reads one event. The type comes first, wherever it stands: it says which fields there may be.
class EventReader {
 public:
  EventReader(const json::object& object, std::string_view path) : object_(object), path_(path) {}

  absl::StatusOr<v1::Event> Read() {
    RETURN_IF_ERROR(ReadType());
    for (const json::key_value_pair& entry : object_) {
      const std::string_view name(entry.key().data(), entry.key().size());
      RETURN_IF_ERROR(ReadEntry(name, entry.value()));
    }
    RETURN_IF_ERROR(SetIncidentId());
    return std::move(event_);
  }

 private:
  absl::Status ReadType() {
    const json::value* const type = object_.if_contains("type");
    const json::value* const event_type = object_.if_contains("event_type");
    const std::string_view name = type != nullptr ? "type" : "event_type";
    const json::value* const given = type != nullptr ? type : event_type;
    const auto& names = *v1::EventType_descriptor();
    if (given == nullptr) {
      return FieldError(ErrorCode::kInvalidMessage, JoinPath(path_, "type"), "is required",
                        EnumNames(names));
    }
    ASSIGN_OR_RETURN(const int number, fields_.Enum(*given, names, JoinPath(path_, name)));
    if (type != nullptr && event_type != nullptr) {
      ASSIGN_OR_RETURN(const int other,
                       fields_.Enum(*event_type, names, JoinPath(path_, "event_type")));
      if (other != number) {
        return FieldError(ErrorCode::kInvalidMessage, JoinPath(path_, "event_type"),
                          "is another type than \"type\" says",
                          {std::string(EnumName(names, number))});
      }
    }
    event_.set_type(static_cast<v1::EventType>(number));
    // The payload's field number is 20 + the type's.
    payload_ = v1::Event::descriptor()->FindFieldByNumber(20 + number);
    return absl::OkStatus();
  }

  absl::Status ReadEntry(std::string_view name, const json::value& value) {
    if (name == "type" || name == "event_type" || IsIn(kOutputOnly, name)) {
      return absl::OkStatus();
    }
    if (IsIn(kCommon, name)) {
      return ReadInto(event_, *v1::Event::descriptor(), name, value);
    }
    if (name == kIncidentId && HasLooseIncidentId()) {
      if (value.is_null()) {
        return absl::OkStatus();
      }
      ASSIGN_OR_RETURN(const std::string_view id, fields_.Text(value, JoinPath(path_, name)));
      incident_id_ = id;
      return absl::OkStatus();
    }
    if (payload_ == nullptr ||
        payload_->message_type()->FindFieldByName(std::string(name)) == nullptr) {
      return fields_.UnknownField(JoinPath(path_, name), Allowed());
    }
    if (value.is_null()) {
      return absl::OkStatus();
    }
    return ReadInto(*event_.GetReflection()->MutableMessage(&event_, payload_),
                    *payload_->message_type(), name, value);
  }

  absl::Status ReadInto(google::protobuf::Message& message, const Descriptor& type,
                        std::string_view name, const json::value& value) {
    return fields_.ReadField(value, message, *type.FindFieldByName(std::string(name)),
                             JoinPath(path_, name));
  }

  // Incident events have no payload with an incident_id; it may be given in the same place
  // nevertheless.
  bool HasLooseIncidentId() const {
    return event_.type() >= v1::EVENT_TYPE_INCIDENT_CREATED &&
           event_.type() <= v1::EVENT_TYPE_INCIDENT_CLOSED;
  }

  absl::Status SetIncidentId() {
    if (incident_id_.empty()) {
      return absl::OkStatus();
    }
    std::string& id = *event_.mutable_incident()->mutable_id();
    if (!id.empty() && id != incident_id_) {
      return FieldError(ErrorCode::kInvalidMessage, JoinPath(path_, kIncidentId),
                        "is another incident's than incident.id", {id});
    }
    id = incident_id_;
    return absl::OkStatus();
  }

  std::vector<std::string> Allowed() const {
    std::vector<std::string> allowed = {"type"};
    allowed.insert(allowed.end(), std::begin(kCommon), std::end(kCommon));
    if (HasLooseIncidentId()) {
      allowed.emplace_back(kIncidentId);
    }
    if (payload_ != nullptr) {
      const std::vector<std::string> names = FieldNames(*payload_->message_type());
      allowed.insert(allowed.end(), names.begin(), names.end());
    }
    return allowed;
  }

  const json::object& object_;
  const std::string_view path_;
  const JsonFields fields_{ErrorCode::kInvalidMessage};
  const FieldDescriptor* payload_ = nullptr;  // nullptr where the type has none
  std::string incident_id_;
  v1::Event event_;
};

}  // namespace

absl::StatusOr<v1::Event> ReadJsonEvent(const json::value& value, std::string_view path) {
  const JsonFields fields(ErrorCode::kInvalidMessage);
  ASSIGN_OR_RETURN(const json::object* const object, fields.Object(value, path));
  return EventReader(*object, path).Read();
}

absl::StatusOr<v1::Event> ReadJsonEvent(std::string_view text) {
  json::value value;
  RETURN_IF_ERROR(ParseJson(text, value));
  return ReadJsonEvent(value, "");
}

absl::StatusOr<v1::Filter> ReadJsonFilter(const json::value& value, std::string_view path) {
  v1::Filter filter;
  RETURN_IF_ERROR(JsonFields(ErrorCode::kInvalidFilter).ReadMessage(value, filter, path));
  return filter;
}

absl::StatusOr<v1::Filter> ReadJsonFilter(std::string_view text, std::string_view path) {
  json::value value;
  RETURN_IF_ERROR(ParseJson(text, value));
  return ReadJsonFilter(value, path);
}

}  // namespace tocsin
