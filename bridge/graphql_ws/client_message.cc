#include "bridge/graphql_ws/client_message.h"

#include <boost/json/value.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/graphql/request_json.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/json_as_sent.h"
#include "core/event/json_reader.h"
#include "core/event/limits.h"
#include "core/event/text.h"

namespace tocsin::bridge::graphql_ws {
namespace {

namespace json = boost::json;

constexpr std::string_view kPayload = "payload";

absl::Status Invalid(std::string_view what) { return MakeError(ErrorCode::kInvalidMessage, what); }

std::string_view ViewOf(const json::string& text) { return {text.data(), text.size()}; }

// nullptr when it is left out or null.
const json::value* Find(const json::object& message, std::string_view name) {
  const json::value* const value = message.if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

// nullptr when it is left out.
absl::StatusOr<const json::object*> PayloadOf(const json::object& message) {
  const json::value* const payload = Find(message, kPayload);
  if (payload != nullptr && !payload->is_object()) {
    return Invalid("payload must be an object");
  }
  return payload == nullptr ? nullptr : &payload->get_object();
}

absl::StatusOr<std::string> IdOf(const json::object& message) {
  const json::value* const id = Find(message, "id");
  if (id == nullptr || !id->is_string() || id->get_string().empty()) {
    return Invalid("id must be a text of at least one character");
  }
  const std::string_view text = ViewOf(id->get_string());
  if (CharCount(text) > limits::kSubscriptionIdChars) {
    return Invalid(
        absl::StrCat("id may have at most ", limits::kSubscriptionIdChars, " characters"));
  }
  return std::string(text);
}

Authorization AuthorizationOf(const json::object* payload) {
  Authorization found;
  if (payload != nullptr) {
    for (const auto& [name, value] : *payload) {
      const std::string_view key(name.data(), name.size());
      if (absl::EqualsIgnoreCase(ToAbsl(key), "authorization") && value.is_string()) {
        found.several |= found.value.has_value();
        found.value = std::string(ViewOf(value.get_string()));
      }
    }
  }
  return found;
}

absl::StatusOr<ClientMessage> ReadInit(const json::object& message) {
  ASSIGN_OR_RETURN(const json::object* const payload, PayloadOf(message));
  return ConnectionInit{AuthorizationOf(payload)};
}

absl::StatusOr<ClientMessage> ReadPing(const json::object& message, std::string_view text) {
  ASSIGN_OR_RETURN(const json::object* const payload, PayloadOf(message));
  return Ping{payload == nullptr ? "" : std::string(JsonMember(text, message, kPayload)),
              AuthorizationOf(payload)};
}

absl::StatusOr<ClientMessage> ReadPong(const json::object& message) {
  RETURN_IF_ERROR(PayloadOf(message).status());
  return Pong{};
}

absl::StatusOr<ClientMessage> ReadSubscribe(json::object& message) {
  ASSIGN_OR_RETURN(std::string id, IdOf(message));
  ASSIGN_OR_RETURN(const json::object* const payload, PayloadOf(message));
  if (payload == nullptr) {
    return Invalid("payload must be an object with a query");
  }
  auto request = graphql::ReadJsonRequest(std::move(message.at("payload")));
  if (const auto* error = std::get_if<graphql::Error>(&request)) {
    return Invalid(absl::StrCat("payload: ", error->message));
  }
  return Subscribe{std::move(id), std::get<graphql::Request>(std::move(request))};
}

absl::StatusOr<ClientMessage> ReadComplete(const json::object& message) {
  ASSIGN_OR_RETURN(std::string id, IdOf(message));
  return Complete{std::move(id)};
}

// Clients of the older protocol, subscriptions-transport-ws, are told what to speak.
absl::Status UnknownType(std::string_view type) {
  const bool older = type == "start" || type == "stop" || type == "connection_terminate";
  return Invalid(absl::StrCat(
      "unknown type; ",
      older ? "this is the protocol graphql-transport-ws, not subscriptions-transport-ws"
            : "allowed: connection_init, ping, pong, subscribe, complete"));
}

}  // namespace

absl::StatusOr<ClientMessage> ReadClientMessage(std::string_view text) {
  json::value value;
  OpaqueMember payload{kPayload};
  RETURN_IF_ERROR(ParseJson(text, value, payload));
  if (!value.is_object()) {
    return Invalid("a message must be a JSON object");
  }
  json::object& message = value.get_object();
  const json::value* const given = Find(message, "type");
  if (given == nullptr || !given->is_string()) {
    return Invalid("type must be a text");
  }
  const std::string type(ViewOf(given->get_string()));
  if (type == "ping") {
    return ReadPing(message, text);
  }
  RETURN_IF_ERROR(payload.out_of_range);
  return type == "connection_init" ? ReadInit(message)
         : type == "pong"          ? ReadPong(message)
         : type == "subscribe"     ? ReadSubscribe(message)
         : type == "complete"      ? ReadComplete(message)
                                   : UnknownType(type);
}

}  // namespace tocsin::bridge::graphql_ws
