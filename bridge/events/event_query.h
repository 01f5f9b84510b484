// event_query.h: what a GET /v1/events asks for, read strictly.
//
// Shape:   a filter (bridge/http/filter_parameters) and what there is besides.
// Threads: pure.
// Errors:  INVALID_MESSAGE or INVALID_FILTER with the parameter's name and what is allowed: an
//          unknown parameter or value is never passed over.
// Source:  docs/protocol.md, section 7.
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "core/event/cursor.h"
#include "core/event/filter.h"
#include "core/http/message.h"

namespace tocsin::bridge {

enum class EventFormat : uint8_t { kServerSent, kJsonLines };

struct EventQuery {
  FilterPtr filter;
  // Last-Event-ID, which is the newer one where both are given, or resume_from. Absent: the present
  // end.
  std::optional<StartPoint> start;
  std::optional<Cursor> urgent;  // ResumePoint::urgent
  bool notify_on_gap = true;
  // The incidents that match now come first. Never with a start; a client that comes back by
  // Last-Event-ID has them.
  bool snapshot = false;
  bool priority = false;
  bool latest_only = false;
  bool leaves = false;  // a snapshot implies it, also where it has no effect
};

absl::StatusOr<EventQuery> ReadEventQuery(const http::HttpRequest& request);

// What the request accepts, or would rather have; server-sent events where it says nothing. Nothing
// when it accepts neither.
std::optional<EventFormat> AcceptedEventFormat(const http::HttpRequest& request);
std::string_view ContentTypeOf(EventFormat format);

}  // namespace tocsin::bridge
