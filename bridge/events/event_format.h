// event_format.h: what a stream of events is made of, as server-sent events and as lines of JSON.
//
// Shape:   one function a message; each appends whole blocks or whole lines. The messages are those
//          of /ws without ids of subscriptions. No carriage return or line feed is ever in a field:
//          JSON escapes them, and cursors have none.
// Threads: pure.
// Source:  docs/protocol.md, section 7; HTML, section 9.2.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/events/event_query.h"
#include "core/event/cursor.h"

namespace tocsin::bridge {

// The first of all: how long a client of server-sent events waits before it comes back.
void AppendOpening(std::string& out, EventFormat format, absl::Duration reconnect_after);
// A bookmark: an id alone, or an object with a cursor. Nothing for a place without an epoch.
void AppendPlace(std::string& out, EventFormat format, const Place& place);
// `fields` as EventJson::FieldsOf has them. How many events were passed over before it is told where
// there were any.
void AppendEvent(std::string& out, EventFormat format, const Place& place, uint32_t passed_over,
                 std::string_view fields);
// The same of an event by which an incident leaves.
void AppendLeft(std::string& out, EventFormat format, const Place& place, uint32_t passed_over,
                std::string_view fields);
// A message of a snapshot up to the fields that SnapshotMessage::json has; EndOfMessage ends it. A
// cursor without an epoch: no id.
void AppendSnapshotHead(std::string& out, EventFormat format, const Cursor& cursor);
std::string_view EndOfMessage(EventFormat format);
// `to`: where it goes on.
void AppendGap(std::string& out, EventFormat format, const Gap& gap, const Place& to);
// The engine's status, whose field is called `from` as gRPC calls it, with the name of the query's.
absl::Status AsResumeFrom(const absl::Status& status);

// Why the stream ends for good. Its event name is `problem`: to an EventSource, `error` is its own.
void AppendProblem(std::string& out, EventFormat format, const absl::Status& status);
// The server goes, or ends this stream.
void AppendClosing(std::string& out, EventFormat format, std::string_view reason,
                   std::string_view in_words, absl::Duration reconnect_after);
// A sign of life while there is no cursor to tell.
void AppendHeartbeat(std::string& out, EventFormat format, bool hub_connected);

}  // namespace tocsin::bridge
