#include "core/event/client_message.h"

#include <boost/json/value.hpp>
#include <charconv>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/json_as_sent.h"
#include "core/event/json_fields.h"
#include "core/event/json_reader.h"
#include "core/event/limits.h"
#include "core/event/priority_choice.h"
#include "core/event/text.h"

namespace tocsin {
namespace {

namespace json = boost::json;

constexpr std::string_view kTimestamp = "timestamp";

// The fields of one message, taken out one by one. null is as if left out.
class Fields {
 public:
  Fields(const json::object& object, std::string_view text) : object_(object), text_(text) {}

  // nullptr when left out.
  const json::value* Find(std::string_view name) const {
    const json::value* const value = object_.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
  }

  absl::StatusOr<std::string> RequiredText(std::string_view name) const {
    const json::value* const value = Find(name);
    if (value == nullptr) {
      return FieldError(ErrorCode::kInvalidMessage, name, "is required", {"a text"});
    }
    ASSIGN_OR_RETURN(const std::string_view text, reader_.Text(*value, name));
    if (text.empty()) {
      return FieldError(ErrorCode::kInvalidMessage, name, "is empty",
                        {"a text of at least one character"});
    }
    return std::string(text);
  }

  absl::StatusOr<std::string> SubscriptionId() const {
    constexpr std::string_view kName = "subscription_id";
    ASSIGN_OR_RETURN(std::string id, RequiredText(kName));
    if (const size_t chars = CharCount(id); chars > limits::kSubscriptionIdChars) {
      return FieldError(ErrorCode::kInvalidMessage, kName,
                        absl::StrCat("has ", chars, " characters"),
                        {absl::StrCat("1 to ", limits::kSubscriptionIdChars, " characters")});
    }
    return id;
  }

  // False when left out.
  absl::StatusOr<bool> Flag(std::string_view name) const {
    const json::value* const value = Find(name);
    return value == nullptr ? absl::StatusOr<bool>(false) : reader_.Bool(*value, name);
  }

  // The field's JSON as the client wrote it.
  std::string_view AsSent(std::string_view name) const { return JsonMember(text_, object_, name); }

  const JsonFields& reader() const { return reader_; }

 private:
  const json::object& object_;
  const std::string_view text_;
  const JsonFields reader_{ErrorCode::kInvalidMessage};
};

absl::Status ReadResumeFrom(const Fields& fields, SubscribeMessage& message) {
  constexpr std::string_view kName = "resume_from";
  const json::value* const value = fields.Find(kName);
  if (value == nullptr) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::string_view text, fields.reader().Text(*value, kName));
  ASSIGN_OR_RETURN(const ResumePoint resume, ParseResumePoint(text, kName));
  message.start = resume.start;
  message.urgent = resume.urgent;
  message.has_start = true;
  return absl::OkStatus();
}

absl::Status ReadOnGap(const Fields& fields, SubscribeMessage& message) {
  constexpr std::string_view kName = "on_gap";
  const json::value* const value = fields.Find(kName);
  if (value == nullptr) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::string_view text, fields.reader().Text(*value, kName));
  if (text != "fail" && text != "notify") {
    return FieldError(ErrorCode::kInvalidMessage, kName,
                      absl::StrCat("is an unknown value: ", Quote(text)), {"fail", "notify"});
  }
  message.notify_on_gap = text == "notify";
  return absl::OkStatus();
}

absl::StatusOr<ClientMessage> ReadSubscribe(const Fields& fields) {
  SubscribeMessage message;
  ASSIGN_OR_RETURN(message.subscription_id, fields.SubscriptionId());
  if (const json::value* const filters = fields.Find("filters")) {
    ASSIGN_OR_RETURN(message.filters, ReadJsonFilter(*filters, "filters"));
  }
  RETURN_IF_ERROR(ReadResumeFrom(fields, message));
  RETURN_IF_ERROR(ReadOnGap(fields, message));
  ASSIGN_OR_RETURN(message.snapshot, fields.Flag("snapshot"));
  ASSIGN_OR_RETURN(message.leaves, fields.Flag("leaves"));
  ASSIGN_OR_RETURN(message.priority, fields.Flag("priority"));
  ASSIGN_OR_RETURN(message.latest_only, fields.Flag("latest_only"));
  if (message.snapshot && message.has_start) {
    return FieldError(ErrorCode::kInvalidMessage, "resume_from", "cannot be given with snapshot",
                      {"nothing with snapshot: the changes begin where the snapshot was made"});
  }
  RETURN_IF_ERROR(CheckPriority({.priority = message.priority,
                                 .split_start = message.urgent.has_value(),
                                 .snapshot = message.snapshot,
                                 .leaves = message.leaves,
                                 .latest_only = message.latest_only},
                                "resume_from"));
  return message;
}

absl::StatusOr<ClientMessage> ReadUnsubscribe(const Fields& fields) {
  ASSIGN_OR_RETURN(std::string id, fields.SubscriptionId());
  return UnsubscribeMessage{std::move(id)};
}

absl::StatusOr<ClientMessage> ReadPing(const Fields& fields) {
  const json::value* const value = fields.Find(kTimestamp);
  if (value == nullptr) {
    return PingMessage();
  }
  if (!value->is_string() && !value->is_number()) {
    return fields.reader().WrongKind(*value, "a text or a number", kTimestamp);
  }
  return PingMessage{std::string(fields.AsSent(kTimestamp))};
}

absl::StatusOr<ClientMessage> ReadAck(const Fields& fields) {
  ASSIGN_OR_RETURN(std::string id, fields.RequiredText("message_id"));
  return AckMessage{std::move(id)};
}

absl::StatusOr<ClientMessage> ReadAuthenticate(const Fields& fields) {
  ASSIGN_OR_RETURN(std::string token, fields.RequiredText("token"));
  return AuthenticateMessage{std::move(token)};
}

struct MessageType {
  std::string_view name;
  std::vector<std::string> fields;  // besides "type"
  absl::StatusOr<ClientMessage> (*read)(const Fields& fields);
};

const std::vector<MessageType>& MessageTypes() {
  static const auto* const types = new std::vector<MessageType>{
      {"subscribe",
       {"subscription_id", "filters", "resume_from", "on_gap", "snapshot", "leaves", "priority",
        "latest_only"},
       ReadSubscribe},
      {"unsubscribe", {"subscription_id"}, ReadUnsubscribe},
      {"ping", {std::string(kTimestamp)}, ReadPing},
      {"ack", {"message_id"}, ReadAck},
      {"authenticate", {"token"}, ReadAuthenticate},
  };
  return *types;
}

absl::StatusOr<const MessageType*> FindType(const Fields& fields) {
  std::vector<std::string> allowed;
  for (const MessageType& type : MessageTypes()) {
    allowed.emplace_back(type.name);
  }
  const json::value* const value = fields.Find("type");
  if (value == nullptr) {
    return FieldError(ErrorCode::kInvalidMessage, "type", "is required", std::move(allowed));
  }
  ASSIGN_OR_RETURN(const std::string_view name, fields.reader().Text(*value, "type"));
  for (const MessageType& type : MessageTypes()) {
    if (type.name == name) {
      return &type;
    }
  }
  return FieldError(ErrorCode::kInvalidMessage, "type",
                    absl::StrCat("is an unknown value: ", Quote(name)), std::move(allowed));
}

absl::Status CheckNames(const json::object& object, const MessageType& type) {
  const JsonFields reader(ErrorCode::kInvalidMessage);
  for (const json::key_value_pair& entry : object) {
    const std::string name(entry.key());
    if (name != "type" &&
        std::find(type.fields.begin(), type.fields.end(), name) == type.fields.end()) {
      std::vector<std::string> allowed = {"type"};
      allowed.insert(allowed.end(), type.fields.begin(), type.fields.end());
      return reader.UnknownField(name, std::move(allowed));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ClientMessage> ReadClientMessage(std::string_view text) {
  std::string subscription_id;
  return ReadClientMessage(text, subscription_id);
}

absl::StatusOr<ClientMessage> ReadClientMessage(std::string_view text,
                                                std::string& subscription_id) {
  subscription_id.clear();
  json::value value;
  OpaqueMember echoed{kTimestamp};
  RETURN_IF_ERROR(ParseJson(text, value, echoed));
  const JsonFields reader(ErrorCode::kInvalidMessage);
  ASSIGN_OR_RETURN(const json::object* const object, reader.Object(value, ""));
  const Fields fields(*object, text);
  subscription_id = fields.SubscriptionId().value_or("");
  ASSIGN_OR_RETURN(const MessageType* const type, FindType(fields));
  RETURN_IF_ERROR(CheckNames(*object, *type));
  return type->read(fields);
}

}  // namespace tocsin
