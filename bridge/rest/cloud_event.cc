#include "bridge/rest/cloud_event.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/http/json_request.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/base/utf8.h"
#include "core/event/error.h"
#include "core/event/json_as_sent.h"
#include "core/event/json_reader.h"
#include "core/event/limits.h"
#include "core/event/text.h"

namespace tocsin::bridge {
namespace {

namespace json = boost::json;

constexpr std::string_view kSingle = "application/cloudevents";
constexpr std::string_view kBatch = "application/cloudevents-batch";
constexpr std::string_view kHeaderPrefix = "ce-";
constexpr std::string_view kContentType = "datacontenttype";

absl::Status Wrong(std::string_view field, std::string_view problem,
                   std::vector<std::string> allowed = {}) {
  return FieldError(ErrorCode::kInvalidMessage, field, problem, std::move(allowed));
}

bool IsName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c);
  });
}

absl::Status CheckName(std::string_view name, std::string_view field) {
  return IsName(name)
             ? absl::OkStatus()
             : Wrong(field, "is no name of an attribute", {"lower-case letters and digits"});
}

// `name_of` gives the path of an attribute.
template <class NameOf>
absl::Status CheckRequired(const CloudEvent& event, NameOf name_of) {
  for (const char* name : {"specversion", "id", "source", "type"}) {
    if (event.Attribute(name).empty()) {
      return Wrong(name_of(name), "is required", {"a text that is not empty"});
    }
  }
  if (event.Attribute("specversion") != "1.0") {
    return Wrong(name_of("specversion"), absl::StrCat("is ", Quote(event.Attribute("specversion"))),
                 {"1.0"});
  }
  const std::string_view time = event.Attribute("time");
  return time.empty() || ParseRfc3339(time).has_value()
             ? absl::OkStatus()
             : Wrong(name_of("time"), "is no time", {"an RFC 3339 time"});
}

bool IsJsonType(std::string_view media_type) {
  const std::string type = absl::AsciiStrToLower(
      absl::StripAsciiWhitespace(ToAbsl(media_type.substr(0, media_type.find(';')))));
  return absl::EndsWith(type, "/json") || absl::EndsWith(type, "+json");
}

// ---- structured ----

// The attribute's text; nothing for null, which is as if left out.
absl::StatusOr<std::optional<std::string>> AttributeText(const json::value& value,
                                                         std::string_view field) {
  switch (value.kind()) {
    case json::kind::null:
      return std::nullopt;
    case json::kind::string:
      return std::string(value.get_string());
    case json::kind::bool_:
      return std::string(value.get_bool() ? "true" : "false");
    case json::kind::int64:
      if (value.get_int64() >= std::numeric_limits<int32_t>::min() &&
          value.get_int64() <= std::numeric_limits<int32_t>::max()) {
        return absl::StrCat(value.get_int64());
      }
      [[fallthrough]];
    default:
      return Wrong(field, "is no attribute's value",
                   {"a text", "true or false", "a whole number of 32 bits"});
  }
}

// `sent` is the value's JSON as it was sent.
absl::Status SetData(const json::value& value, std::string_view sent, CloudEvent& event) {
  const std::string_view type = event.Attribute(kContentType);
  if (value.is_string() && !type.empty() && !IsJsonType(type)) {
    event.kind = CloudEvent::DataKind::kText;
    event.text = value.get_string();
  } else if (!value.is_null()) {
    event.kind = CloudEvent::DataKind::kJson;
    event.json = value;
    event.text = CompactJson(sent);
  }
  return absl::OkStatus();
}

absl::Status SetBase64(const json::value& value, std::string_view field, CloudEvent& event) {
  if (value.is_null()) {
    return absl::OkStatus();
  }
  std::string bytes;
  if (!value.is_string() ||
      !absl::Base64Unescape(ToAbsl({value.get_string().data(), value.get_string().size()}),
                            &bytes)) {
    return Wrong(field, "is no text in base64");
  }
  if (event.kind != CloudEvent::DataKind::kNone) {
    return Wrong(field, "cannot be given with data");
  }
  event.kind = CloudEvent::DataKind::kBase64;
  event.text = value.get_string();
  return absl::OkStatus();
}

absl::StatusOr<CloudEvent> ReadStructured(const json::value& value, std::string_view sent,
                                          const std::string& path) {
  if (!value.is_object()) {
    return Wrong(path, value.is_array() ? "is a list" : "is no object",
                 {"one event, as an object; a list is application/cloudevents-batch+json"});
  }
  CloudEvent event;
  event.path = path;
  const json::value* data = nullptr;
  const json::value* base64 = nullptr;
  for (const json::key_value_pair& entry : value.get_object()) {
    const std::string name(entry.key());
    if (name == "data" || name == "data_base64") {
      (name == "data" ? data : base64) = &entry.value();
      continue;
    }
    RETURN_IF_ERROR(CheckName(name, JoinPath(path, name)));
    ASSIGN_OR_RETURN(std::optional<std::string> text,
                     AttributeText(entry.value(), JoinPath(path, name)));
    if (text.has_value()) {
      event.attributes.emplace(name, *std::move(text));
    }
  }
  RETURN_IF_ERROR(CheckRequired(event, [&](const char* name) { return JoinPath(path, name); }));
  if (data != nullptr) {
    RETURN_IF_ERROR(SetData(*data, JsonMember(sent, value.get_object(), "data"), event));
  }
  if (base64 != nullptr) {
    RETURN_IF_ERROR(SetBase64(*base64, JoinPath(path, "data_base64"), event));
  }
  return event;
}

absl::StatusOr<std::vector<CloudEvent>> ReadBatch(const json::value& value, std::string_view sent) {
  if (!value.is_array()) {
    return Wrong("events", "are no list", {"a list of events"});
  }
  if (value.get_array().size() > limits::kPublishEvents) {
    return Wrong("events", absl::StrCat("has ", value.get_array().size(), " events"),
                 {absl::StrCat("at most ", limits::kPublishEvents, " events")});
  }
  std::vector<CloudEvent> events;
  const std::vector<std::string_view> parts = JsonParts(sent);
  for (const json::value& each : value.get_array()) {
    const size_t i = events.size();
    ASSIGN_OR_RETURN(CloudEvent event, ReadStructured(each, parts[i], IndexPath("events", i)));
    events.push_back(std::move(event));
  }
  return events;
}

// ---- binary ----

// A header's value: without double quotes and their backslashes, then percent-decoded once. Nothing
// where that is no UTF-8.
std::optional<std::string> HeaderText(std::string_view value) {
  std::string text;
  const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
  value = quoted ? value.substr(1, value.size() - 2) : value;
  for (size_t i = 0; i < value.size(); ++i) {
    if (quoted && value[i] == '\\' && i + 1 < value.size()) {
      ++i;
    }
    const bool is_byte = value[i] == '%' && i + 2 < value.size() &&
                         absl::ascii_isxdigit(static_cast<unsigned char>(value[i + 1])) &&
                         absl::ascii_isxdigit(static_cast<unsigned char>(value[i + 2]));
    if (is_byte) {
      text += absl::HexStringToBytes(ToAbsl(value.substr(i + 1, 2)));
      i += 2;
    } else {
      text += value[i];
    }
  }
  return IsUtf8(text) ? std::optional(std::move(text)) : std::nullopt;
}

absl::Status AddHeader(const std::string& header, std::string_view value, CloudEvent& event) {
  const std::string name = header.substr(kHeaderPrefix.size());
  RETURN_IF_ERROR(CheckName(name, header));
  if (name == kContentType) {
    return Wrong(header, "cannot be given: Content-Type says it");
  }
  std::optional<std::string> text = HeaderText(value);
  if (!text.has_value()) {
    return Wrong(header, "is not percent-encoded UTF-8");
  }
  if (!event.attributes.emplace(name, *std::move(text)).second) {
    return Wrong(header, "is given twice");
  }
  return absl::OkStatus();
}

absl::Status SetBody(std::string_view body, CloudEvent& event) {
  const std::string_view type = event.Attribute(kContentType);
  if (body.empty()) {
    return absl::OkStatus();
  }
  if (IsJsonType(type)) {
    event.kind = CloudEvent::DataKind::kJson;
    RETURN_IF_ERROR(ParseJson(body, event.json));
    event.text = CompactJson(body);
    return absl::OkStatus();
  }
  const bool text = IsUtf8(body);
  event.kind = text ? CloudEvent::DataKind::kText : CloudEvent::DataKind::kBase64;
  event.text = text ? std::string(body) : absl::Base64Escape(ToAbsl(body));
  return absl::OkStatus();
}

absl::StatusOr<CloudEvent> ReadBinary(const std::vector<http::Field>& fields,
                                      std::string_view body) {
  CloudEvent event;
  event.path = "event";
  for (const http::Field& field : fields) {
    const std::string header = absl::AsciiStrToLower(field.name);
    if (header.starts_with(kHeaderPrefix)) {
      RETURN_IF_ERROR(AddHeader(header, field.value, event));
    } else if (header == "content-type") {
      event.attributes.emplace(kContentType, field.value);
    }
  }
  RETURN_IF_ERROR(CheckRequired(
      event, [](const char* name) { return absl::StrCat(ToAbsl(kHeaderPrefix), name); }));
  RETURN_IF_ERROR(SetBody(body, event));
  return event;
}

}  // namespace

std::string_view CloudEvent::Attribute(std::string_view name) const {
  const auto found = attributes.find(name);
  return found == attributes.end() ? std::string_view() : found->second;
}

absl::StatusOr<CloudEventMode> CloudEventModeOf(const http::HttpRequest& request) {
  const std::string type = MediaType(request);
  if (type.starts_with(kSingle)) {
    const bool batch = type.starts_with(kBatch);
    const std::string json_form = absl::StrCat(ToAbsl(batch ? kBatch : kSingle), "+json");
    if (type != json_form) {
      return MakeError(ErrorCode::kUnsupported,
                       absl::StrCat("Content-Type: ", type, " is not taken"),
                       {.field = "Content-Type", .allowed = {json_form}});
    }
    return batch ? CloudEventMode::kBatch : CloudEventMode::kStructured;
  }
  const bool binary =
      std::any_of(request.fields.begin(), request.fields.end(), [](const http::Field& field) {
        return absl::StartsWithIgnoreCase(field.name, ToAbsl(kHeaderPrefix));
      });
  return binary ? CloudEventMode::kBinary : CloudEventMode::kNone;
}

absl::StatusOr<std::vector<CloudEvent>> ReadCloudEvents(CloudEventMode mode,
                                                        const std::vector<http::Field>& fields,
                                                        std::string_view body) {
  if (mode == CloudEventMode::kBinary) {
    ASSIGN_OR_RETURN(CloudEvent event, ReadBinary(fields, body));
    return std::vector<CloudEvent>{std::move(event)};
  }
  json::value value;
  RETURN_IF_ERROR(ParseJson(body, value));
  if (mode == CloudEventMode::kBatch) {
    return ReadBatch(value, body);
  }
  ASSIGN_OR_RETURN(CloudEvent event, ReadStructured(value, body, "event"));
  return std::vector<CloudEvent>{std::move(event)};
}

}  // namespace tocsin::bridge
