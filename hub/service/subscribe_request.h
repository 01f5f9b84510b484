// subscribe_request.h: checks a SubscribeRequest and compiles its filter.
//
// Threads: pure.
// Errors:  INVALID_MESSAGE or INVALID_FILTER with the field's path and what is allowed.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/event/cursor.h"
#include "core/event/filter.h"
#include "hub/service/subscribe_encoder.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::hub {

struct Subscribing {
  FilterPtr filter;
  StartPoint start;
  std::optional<Cursor> urgent;  // ResumePoint::urgent
  size_t recent = 0;             // begin so many events before the end; only with Latest
  bool snapshot = false;         // then start and recent have no meaning
  bool notify_on_gap = false;
  bool leaves = false;
  bool priority = false;
  bool latest_only = false;
  LeavesAs leaves_as = LeavesAs::kLeft;
  absl::Duration bookmark_interval;
  std::string label;
};

absl::StatusOr<Subscribing> ReadSubscribeRequest(const v1::SubscribeRequest& request);

}  // namespace tocsin::hub
