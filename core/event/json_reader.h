// json_reader.h: strict JSON in: what a client may send, and nothing else.
//
// Shape:   text → v1 messages, by walking the schema. An unknown field, a wrong type, a number that
//          is not finite or out of range, a duplicate key, invalid UTF-8, or nesting past
//          limits::kJsonDepth is an error.
// Threads: pure.
// Errors:  INVALID_MESSAGE (INVALID_FILTER inside a filter) with the field's path and what is
//          allowed.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "tocsin/v1/event.pb.h"

namespace boost::json {
class value;
}

namespace tocsin {

// Parses text into `value` with the limits above; the root of every strict read.
absl::Status ParseJson(std::string_view text, boost::json::value& value);

// A member of the outermost object that is handed back as it was sent (json_as_sent.h): a number in
// it may be out of a double's range.
struct OpaqueMember {
  std::string_view name;
  absl::Status out_of_range = {};  // OK, or the error of the first such number
};
absl::Status ParseJson(std::string_view text, boost::json::value& value, OpaqueMember& opaque);

// The event of docs/protocol.md section 1: `type` (or `event_type`) and the payload's fields side
// by side.
absl::StatusOr<v1::Event> ReadJsonEvent(std::string_view text);
absl::StatusOr<v1::Event> ReadJsonEvent(const boost::json::value& value, std::string_view path);
// {"severities":["P0"],…}; not compiled yet, but every name in it is known.
absl::StatusOr<v1::Filter> ReadJsonFilter(const boost::json::value& value, std::string_view path);
absl::StatusOr<v1::Filter> ReadJsonFilter(std::string_view text, std::string_view path);

}  // namespace tocsin
