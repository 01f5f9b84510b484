#include "bridge/rest/cloud_event_mapping.h"

#include <optional>
#include <string>
#include <utility>

#include "bridge/http/derived_id.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/event/json_reader.h"
#include "core/event/names.h"
#include "core/event/text.h"

namespace tocsin::bridge {
namespace {

using DataKind = CloudEvent::DataKind;

constexpr std::string_view kOwnPrefix = "tocsin.v1.";
constexpr char kIdSpace[] = "source and id of a CloudEvent";

// The name of the event's type where it is one of Tocsin's.
std::optional<std::string_view> OwnType(std::string_view type) {
  if (type.starts_with(kOwnPrefix)) {
    return type.substr(kOwnPrefix.size());
  }
  return EnumNumber(*v1::EventType_descriptor(), type).has_value() ? std::optional(type)
                                                                   : std::nullopt;
}

absl::StatusOr<v1::Event> OwnEvent(const CloudEvent& cloud_event, std::string_view type) {
  const std::string path = JoinPath(cloud_event.path, "data");
  if (cloud_event.kind != DataKind::kJson || !cloud_event.json.is_object()) {
    return FieldError(ErrorCode::kInvalidMessage, path, "is no JSON object",
                      {"the fields of the event, as an object"});
  }
  if (!EnumNumber(*v1::EventType_descriptor(), type).has_value()) {
    return FieldError(ErrorCode::kInvalidMessage, JoinPath(cloud_event.path, "type"),
                      "is no type of Tocsin's", EnumNames(*v1::EventType_descriptor()));
  }
  boost::json::value fields = cloud_event.json;
  fields.get_object().insert_or_assign("type", boost::json::string_view(type.data(), type.size()));
  return ReadJsonEvent(fields, path);
}

v1::Event ForeignEvent(const CloudEvent& cloud_event) {
  v1::Event event;
  event.set_type(v1::EVENT_TYPE_SYSTEM_EVENT);
  v1::SystemEvent& system = *event.mutable_system_event();
  system.set_category(std::string(cloud_event.Attribute("type")));
  const std::string_view subject = cloud_event.Attribute("subject");
  system.set_message(std::string(subject.empty() ? cloud_event.Attribute("type") : subject));
  auto& metadata = *system.mutable_metadata();
  for (const auto& [name, value] : cloud_event.attributes) {
    metadata[name] = value;
  }
  if (cloud_event.kind != DataKind::kNone) {
    metadata[cloud_event.kind == DataKind::kBase64 ? "data_base64" : "data"] = cloud_event.text;
  }
  return event;
}

}  // namespace

absl::StatusOr<v1::Event> EventOf(const CloudEvent& cloud_event) {
  const std::string_view source = cloud_event.Attribute("source");
  v1::Event event;
  if (const auto type = OwnType(cloud_event.Attribute("type"))) {
    ASSIGN_OR_RETURN(event, OwnEvent(cloud_event, *type));
  } else {
    event = ForeignEvent(cloud_event);
  }
  event.set_id(DerivedUuid(kIdSpace, {source, cloud_event.Attribute("id")}));
  if (event.actor().empty()) {
    event.set_actor(std::string(source));
  }
  if (event.traceparent().empty()) {
    event.set_traceparent(std::string(cloud_event.Attribute("traceparent")));
  }
  return event;
}

}  // namespace tocsin::bridge
