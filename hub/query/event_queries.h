// event_queries.h: answers which events of a range of the log match a filter, a page at a time.
//
// Shape:   a filter that names a few incidents is answered by their own events, which the log links
//          to each other; any other by reading the range. Each call looks at a bounded part, so a
//          page may be short, or empty, and not the last. The first page fixes the range's end.
// Threads: safe; the log is the caller's.
// Errors:  CURSOR_EXPIRED, with the earliest and the latest cursor, for a beginning that is not
//          held whole or an end that is not known; DATA_LOSS where an event cannot be read;
//          INVALID_MESSAGE for a page token.
// Source:  docs/protocol.md, section 4
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/event/cursor.h"
#include "core/event/filter.h"
#include "core/event/limits.h"
#include "hub/log/log.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::hub {

// Events of a page by default; at most kMostPageSize (incident_queries.h).
inline constexpr size_t kEventPageSize = 100;
// What one call looks at: some 20 ms of reading.
inline constexpr size_t kLookedAtEvents = 10'000;
inline constexpr size_t kLookedAtBytes = 16 * limits::kMiB;
// A filter that names more incidents reads the range.
inline constexpr size_t kLinkedIncidents = 64;

struct EventListing {
  FilterPtr filter;
  StartPoint from = Earliest{};
  StartPoint to = Latest{};  // not Earliest
  size_t limit = kEventPageSize;
  bool newest_first = false;
  std::string page_token;
};

class EventQueries {
 public:
  explicit EventQueries(const Log& log) : log_(log) {}

  absl::StatusOr<v1::ListEventsResponse> List(const EventListing& listing) const;

 private:
  // Events after `after`, up to and including `last`.
  struct Range {
    Sequence after = 0;
    Sequence last = 0;
    Cursor end;  // of the whole range
  };
  class Page;

  absl::StatusOr<Range> FirstRange(const EventListing& listing) const;
  absl::Status GoOn(const EventListing& listing, Range& range) const;
  absl::StatusOr<Sequence> EndOf(const StartPoint& to, const LogExtent& extent) const;
  // The sequences of the incidents' events in the range, ascending; nothing where the links do not
  // tell them all.
  absl::StatusOr<std::optional<std::vector<Sequence>>> LinkedEvents(
      std::span<const std::string> incidents, const Range& range) const;
  absl::Status ReadLinked(const std::vector<Sequence>& linked, bool newest_first, Page& page) const;
  absl::Status ReadForward(Page& page) const;
  absl::Status ReadBackward(Page& page) const;

  const Log& log_;
};

}  // namespace tocsin::hub
