// cursor.h: a place in the log, and the ways to name one.
//
// Shape:   a cursor names the event it follows: resuming from it gives what comes after that event.
//          Its text is opaque to clients: epoch and sequence in hexadecimal, "3f9a1c07b2d4-1a2b".
// Threads: values.
// Errors:  a text that is no cursor is INVALID_MESSAGE; whether a well-formed one is held is the
//          log's to say.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tocsin {

using Sequence = uint64_t;  // 1 is a log's first event; 0 is the place before it
using Epoch = uint64_t;     // 1 to 2^48-1: random, and exact in a JSON number

struct Cursor {
  Epoch epoch = 0;
  Sequence sequence = 0;

  friend bool operator==(const Cursor&, const Cursor&) = default;
};

std::string FormatCursor(const Cursor& cursor);
absl::StatusOr<Cursor> ParseCursor(std::string_view text);

// Where a subscription starts.
struct Earliest {
  friend bool operator==(const Earliest&, const Earliest&) = default;
};
struct Latest {
  friend bool operator==(const Latest&, const Latest&) = default;
};
using StartPoint = std::variant<Latest, Earliest, absl::Time, Cursor>;

// "" and "latest", "earliest", an RFC 3339 time, or a cursor. The error's field is `field`.
absl::StatusOr<StartPoint> ParseStartPoint(std::string_view text, std::string_view field);
// A text that ParseStartPoint reads back as the same start.
std::string FormatStartPoint(const StartPoint& start);

// What a subscriber asked for and cannot be given: all after `from`, up to and including `to`.
enum class GapReason { kExpired, kEpoch, kDamaged };
std::string_view GapReasonName(GapReason reason);  // "expired", "epoch", "damaged"
struct Gap {
  GapReason reason = GapReason::kExpired;
  Cursor from;
  Cursor to;
};

}  // namespace tocsin
