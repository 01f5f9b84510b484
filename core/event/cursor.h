// cursor.h: a place in the log, and the ways to name one.
//
// Shape:   a cursor names the event it follows: resuming from it gives what comes after that event.
//          Its text is opaque to clients: epoch and sequence in hexadecimal, "3f9a1c07b2d4-1a2b".
//          A Place is where a subscription stands. While one with `priority` is behind, it has been
//          given its urgent events up to one cursor and its ordinary ones up to another. Then the
//          text is both, with a checksum: "p3f9a1c07b2d4-1a2b.3f9a1c07b2d4-1b00.37b7ad1e". No part
//          of it reads as a cursor, so one that was cut off is refused rather than misunderstood.
// Threads: values.
// Errors:  a text that is no cursor is INVALID_MESSAGE; whether a well-formed one is held is the
//          log's to say.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
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

// How far the events of a subscription have been given. Urgent ones are those of priority Critical
// or High, ordinary ones all others.
struct Place {
  Cursor ordinary;
  Cursor urgent;

  Place() = default;
  // All events up to here.
  Place(const Cursor& all) : ordinary(all), urgent(all) {}  // NOLINT: a cursor is a place
  Place(const Cursor& ordinary_up_to, const Cursor& urgent_up_to)
      : ordinary(ordinary_up_to), urgent(urgent_up_to) {}

  bool is_split() const { return ordinary != urgent; }
  friend bool operator==(const Place&, const Place&) = default;
};

// A cursor's text unless the place is split.
std::string FormatPlace(const Place& place);

// Where a subscription starts.
struct Earliest {
  friend bool operator==(const Earliest&, const Earliest&) = default;
};
struct Latest {
  friend bool operator==(const Latest&, const Latest&) = default;
};
using StartPoint = std::variant<Latest, Earliest, absl::Time, Cursor>;

// "" and "latest", "earliest", an RFC 3339 time, or a cursor. The error's field is `field`. A split
// place is an error that says so.
absl::StatusOr<StartPoint> ParseStartPoint(std::string_view text, std::string_view field);
// The same, and split places too.
struct ResumePoint {
  StartPoint start;  // of a split place: the ordinary events'
  // Of a split place: urgent events up to here have been given.
  std::optional<Cursor> urgent = std::nullopt;
};
absl::StatusOr<ResumePoint> ParseResumePoint(std::string_view text, std::string_view field);
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
