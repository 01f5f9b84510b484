// client_message.h: what a client may send on /ws, read once and strictly.
//
// Shape:   one struct a message type; what is in it is well formed, but filters are not compiled
//          yet.
// Threads: pure.
// Errors:  INVALID_MESSAGE, or INVALID_FILTER below "filters", with the field's path and what is
//          allowed.
// Source:  docs/protocol.md, section 5.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/statusor.h"
#include "core/event/cursor.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin {

struct SubscribeMessage {
  std::string subscription_id;
  v1::Filter filters;  // empty when left out
  StartPoint start;    // of `resume_from`
  bool has_start = false;
  std::optional<Cursor> urgent;  // ResumePoint::urgent
  bool notify_on_gap = true;
  bool snapshot = false;
  bool leaves = false;
  bool priority = false;
  bool latest_only = false;
};

struct UnsubscribeMessage {
  std::string subscription_id;
};

struct PingMessage {
  // The ping's `timestamp` as JSON, to be sent back as it came: a text or a number. Empty when left
  // out.
  std::string timestamp_json;
};

struct AckMessage {
  std::string message_id;
};

struct AuthenticateMessage {
  std::string token;
};

using ClientMessage = std::variant<SubscribeMessage, UnsubscribeMessage, PingMessage, AckMessage,
                                   AuthenticateMessage>;

absl::StatusOr<ClientMessage> ReadClientMessage(std::string_view text);
// The same; `subscription_id` gets the message's, also when the rest of it is wrong, and is cleared
// where there is no valid one.
absl::StatusOr<ClientMessage> ReadClientMessage(std::string_view text,
                                                std::string& subscription_id);

}  // namespace tocsin
