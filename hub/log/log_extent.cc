#include "hub/log/log_extent.h"

#include <random>

#include "absl/strings/str_cat.h"
#include "core/event/error.h"

namespace tocsin::hub {

LogExtent MakeExtent(const std::vector<EpochStart>& epochs, Sequence first, Sequence last,
                     uint64_t bytes) {
  LogExtent extent;
  extent.latest = CursorAt(epochs, last);
  if (!epochs.empty() && epochs.back().first == last + 1) {
    extent.latest.epoch = epochs.back().epoch;
  }
  extent.earliest = first > last ? extent.latest : CursorAt(epochs, first - 1);
  extent.events = last + 1 - first;
  extent.bytes = bytes;
  return extent;
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
  for (const EventPtr& event : batch.events) {
    if (event->cursor.sequence != ++last) {
      return absl::InternalError(absl::StrCat("an event of sequence ", event->cursor.sequence,
                                              " was appended where ", last, " was due"));
    }
  }
  return absl::OkStatus();
}

Epoch NewEpoch() {
  constexpr Epoch kMask = (Epoch{1} << 48) - 1;
  std::random_device device;
  Epoch epoch = 0;
  while (epoch == 0) {
    epoch = (Epoch{device()} << 32 | device()) & kMask;
  }
  return epoch;
}

}  // namespace tocsin::hub
