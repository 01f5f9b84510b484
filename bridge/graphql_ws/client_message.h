// client_message.h: what a client may send on /graphql/ws, read once.
//
// Shape:   one struct a message type. Members that the protocol does not know are passed over.
// Threads: pure.
// Errors:  INVALID_MESSAGE, with what is wrong and what is allowed.
// Source:  the protocol graphql-transport-ws
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/statusor.h"
#include "bridge/graphql/request.h"

namespace tocsin::bridge::graphql_ws {

// The payload's `Authorization`, in any letter case.
struct Authorization {
  std::optional<std::string> value;
  bool several = false;  // in different letter cases
};

struct ConnectionInit {
  Authorization authorization;
};

struct Ping {
  std::string payload_json;  // empty when left out
  Authorization authorization;
};

struct Pong {};

struct Subscribe {
  std::string id;
  graphql::Request request;
};

struct Complete {
  std::string id;
};

using ClientMessage = std::variant<ConnectionInit, Ping, Pong, Subscribe, Complete>;

absl::StatusOr<ClientMessage> ReadClientMessage(std::string_view text);

}  // namespace tocsin::bridge::graphql_ws
