#include "hub/service/subscribe_request.h"

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/event/limits.h"
#include "core/event/priority_choice.h"
#include "core/event/text.h"
#include "hub/service/filter_fields.h"
#include "hub/service/raw_message.h"

namespace tocsin::hub {
namespace {

absl::StatusOr<absl::Duration> ReadBookmarkInterval(const v1::SubscribeRequest& request) {
  if (!request.has_bookmark_interval()) {
    return limits::kBookmarkInterval;
  }
  const absl::Duration interval = absl::Seconds(request.bookmark_interval().seconds()) +
                                  absl::Nanoseconds(request.bookmark_interval().nanos());
  if (interval < limits::kMinBookmarkInterval || interval > limits::kBookmarkInterval) {
    return FieldError(ErrorCode::kInvalidMessage, "bookmark_interval", "is out of range",
                      {"100 ms to 15 s"});
  }
  return interval;
}

absl::StatusOr<bool> ReadOnGap(const v1::SubscribeRequest& request) {
  switch (request.on_gap()) {
    case v1::ON_GAP_UNSPECIFIED:
    case v1::ON_GAP_FAIL:
      return false;
    case v1::ON_GAP_NOTIFY:
      return true;
    default:
      return FieldError(ErrorCode::kInvalidMessage, "on_gap",
                        absl::StrCat("has the unknown value ", static_cast<int>(request.on_gap())),
                        {"ON_GAP_FAIL", "ON_GAP_NOTIFY"});
  }
}

// A snapshot is of now, and so is where its changes begin.
absl::Status CheckSnapshot(const v1::SubscribeRequest& request) {
  if (request.snapshot() && !request.from().empty()) {
    return FieldError(ErrorCode::kInvalidMessage, "from", "cannot be given with snapshot",
                      {"nothing with snapshot: the changes begin where the snapshot was made"});
  }
  if (request.snapshot() && request.recent() != 0) {
    return FieldError(ErrorCode::kInvalidMessage, "recent", "cannot be given with snapshot",
                      {"0 with snapshot: the changes begin where the snapshot was made"});
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Subscribing> ReadSubscribeRequest(const v1::SubscribeRequest& request) {
  RETURN_IF_ERROR(CheckNoUnknownFields(request));
  RETURN_IF_ERROR(CheckSnapshot(request));
  if (CharCount(request.label()) > limits::kSubscriberLabelChars) {
    return FieldError(ErrorCode::kInvalidMessage, "label", "is too long",
                      {absl::StrCat("up to ", limits::kSubscriberLabelChars, " characters")});
  }
  Subscribing subscribing;
  ASSIGN_OR_RETURN(subscribing.filter, ReadFilters(request.filter(), request.require()));
  ASSIGN_OR_RETURN(const ResumePoint from, ParseResumePoint(request.from(), "from"));
  RETURN_IF_ERROR(CheckPriority({.priority = request.priority(),
                                 .split_start = from.urgent.has_value(),
                                 .snapshot = request.snapshot(),
                                 .leaves = request.leaves(),
                                 .latest_only = request.latest_only()},
                                "from"));
  subscribing.start = from.start;
  subscribing.urgent = from.urgent;
  if (std::holds_alternative<Latest>(subscribing.start)) {
    subscribing.recent = request.recent();
  }
  subscribing.snapshot = request.snapshot();
  ASSIGN_OR_RETURN(subscribing.notify_on_gap, ReadOnGap(request));
  ASSIGN_OR_RETURN(subscribing.bookmark_interval, ReadBookmarkInterval(request));
  subscribing.label = request.label();
  subscribing.leaves = request.leaves() || request.snapshot();
  subscribing.priority = request.priority();
  subscribing.latest_only = request.latest_only();
  subscribing.leaves_as = request.leaving_events() ? LeavesAs::kEvent : LeavesAs::kLeft;
  return subscribing;
}

}  // namespace tocsin::hub
