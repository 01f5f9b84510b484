// server_message.h: the messages that /ws sends to its clients, as JSON texts.
//
// Shape:   one function for each message. The messages `event` and `left` have two parts: the head,
//          with the subscription ids, is made here, and the tail, with the rest, in
//          bridge/event_json.h.
// Threads: pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/event/cursor.h"
#include "core/event/filter.h"

namespace tocsin::bridge::ws {

// The limits that a client can run into, as `welcome` tells them.
struct ClientLimits {
  size_t message_bytes = 0;
  size_t subscriptions = 0;
  size_t messages_per_second = 0;
  size_t message_burst = 0;
  absl::Duration session_timeout;
};

struct Welcome {
  std::string_view session_id;
  absl::Time server_time;
  absl::Duration heartbeat_interval;
  Cursor cursor;  // without an epoch: not told
  ClientLimits limits;
};

std::string WelcomeMessage(const Welcome& welcome);
std::string SubscribedMessage(std::string_view subscription_id, const Filter& filter,
                              const Place& cursor, bool recovered);
std::string UnsubscribedMessage(std::string_view subscription_id);
// An empty subscription_id is left out, here and in an error. `to`: where it goes on.
std::string GapMessage(std::string_view subscription_id, const Gap& gap, const Place& to);
// `timestamp` is a JSON value. A cursor without an epoch is left out.
std::string PongMessage(std::string_view timestamp, const Place& cursor);
std::string StatusMessage(bool hub_connected);
// `expires_at` is a JSON value. `permission_changed`: what may be seen is another than before this
// token.
std::string AuthenticatedMessage(std::string_view expires_at, bool permission_changed,
                                 const Place& cursor);
std::string TokenExpiringMessage(absl::Time expires_at);
std::string ErrorMessage(const absl::Status& status, std::string_view subscription_id = "");
// A close code of 0 means that there is none, and is left out.
std::string ClosingMessage(std::string_view reason, uint16_t code, absl::Duration reconnect_after,
                           std::string_view in_words = "");

// The time as a JSON value.
std::string JsonTime(absl::Time time);
std::string JsonString(std::string_view text);
// {"type":"snapshot","subscription_id":"a", and then the fields of SnapshotMessage::json.
std::string SnapshotMessageHead(std::string_view subscription_id);
// {"type":"event","subscription_ids":["a","b"
std::string EventMessageHead(std::span<const std::string_view> quoted_ids);
// The same head, telling how many events were passed over before the event.
std::string PassedOverHead(std::string_view event_head, uint32_t passed_over);
// The head of the `left` message with the ids of an event message's head.
std::string LeftMessageHead(std::string_view event_head);

}  // namespace tocsin::bridge::ws
