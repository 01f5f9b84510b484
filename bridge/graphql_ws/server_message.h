// server_message.h: the messages that /graphql/ws sends to its clients, as JSON texts.
//
// Shape:   one function for each message. `next` has two parts: the head with the operation's id,
//          which differs by client, and the tail, which serves all who are told the same.
// Threads: pure.
// Source:  the protocol graphql-transport-ws; docs/protocol.md, section 6
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/graphql/request.h"
#include "bridge/ws/session_context.h"
#include "core/event/cursor.h"

namespace tocsin::bridge::graphql_ws {

struct Acknowledgement {
  std::string_view session_id;
  absl::Time server_time;
  Cursor cursor;                                   // the present end
  absl::Time expires_at = absl::InfiniteFuture();  // infinite: not told
  const ws::SessionOptions& options;
};

std::string AckMessage(const Acknowledgement& ack);
// `payload` is a JSON object; empty: none.
std::string PongMessage(std::string_view payload);
// Where the client's operations may resume from.
std::string CursorPing(const Cursor& cursor);
std::string HubPing(bool connected);
// The answers to a ping with a token. `expires_at` is a JSON value.
std::string AuthenticatedPong(std::string_view expires_at, bool permission_changed);
std::string RefusedPong(const absl::Status& refusal);
std::string TokenExpiringPing(absl::Time expires_at);
// `quoted_id` is the operation's id as JSON.
std::string ErrorMessage(std::string_view quoted_id, const graphql::Errors& errors, absl::Time now);
std::string CompleteMessage(std::string_view quoted_id);

std::string QuotedId(std::string_view id);
// {"id": and then, in each `next`, the quoted id and kNextHead.
inline constexpr std::string_view kIdHead = R"({"id":)";
inline constexpr std::string_view kNextHead = R"(,"type":"next","payload":)";
// Closes the payload, which lacks its last bracket, and the message.
void EndNextAt(std::string& out, const Cursor& cursor);
// The tail of the `next` that tells of a gap: {"data":null,"extensions":{"gap":…,"cursor":…}}}
void AppendGapTail(std::string& out, const Gap& gap);

}  // namespace tocsin::bridge::graphql_ws
