#include "hub/log/log_extent.h"

#include "absl/strings/str_cat.h"
#include "core/event/error.h"

namespace tocsin::hub {

LogExtent MakeExtent(const Epochs& epochs, Sequence first, Sequence last, uint64_t bytes) {
  return LogExtent{.earliest = epochs.PlaceAfter(first - 1),
                   .latest = epochs.PlaceAfter(last),
                   .events = last + 1 - first,
                   .bytes = bytes};
}

absl::Status ExpiredError(Sequence after, const LogExtent& extent) {
  ErrorDetails details;
  details.earliest = FormatCursor(extent.earliest);
  details.latest = FormatCursor(extent.latest);
  return MakeError(
      ErrorCode::kCursorExpired,
      absl::StrCat("the events after sequence ", after,
                   " are no longer held; the oldest place to resume from is ", details.earliest),
      details);
}

absl::Status CheckBatch(const LogBatch& batch, Sequence last) {
  const Sequence staged_at = batch.events.front()->cursor.sequence - 1;
  if (staged_at != last) {
    return absl::AbortedError(absl::StrCat("a commit was staged at sequence ", staged_at,
                                           ", and the log ends at ", last));
  }
  for (const EventPtr& event : batch.events) {
    if (event->cursor.sequence != ++last) {
      return absl::InternalError(absl::StrCat("an event of sequence ", event->cursor.sequence,
                                              " was appended where ", last, " was due"));
    }
  }
  return absl::OkStatus();
}

}  // namespace tocsin::hub
