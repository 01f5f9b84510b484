#include "hub/service/window_fill.h"

#include <algorithm>
#include <vector>

#include "core/base/log.h"
#include "core/event/limits.h"

namespace tocsin::hub {
namespace {

constexpr size_t kSliceEvents = 1'000;
constexpr size_t kSliceBytes = 4 * limits::kMiB;

// Reads at most this many events at a time, and about twice the window's bytes in all, so that large
// events are not read only to be dropped.
Cursor PlaceToStart(const Log& log, const LogExtent& extent, const WindowBounds& bounds) {
  const uint64_t event_bytes =
      extent.events > 0 ? std::max<uint64_t>(1, extent.bytes / extent.events) : 1;
  const uint64_t want =
      std::min<uint64_t>(bounds.max_events, 2 * bounds.max_bytes / event_bytes + 1);
  const Sequence last = extent.latest.sequence;
  const Sequence place = last > want ? last - want : 0;
  return place > extent.earliest.sequence ? log.epochs().PlaceAfter(place) : extent.earliest;
}

}  // namespace

void FillWindow(const Log& log, const WindowBounds& bounds, Window& window) {
  const LogExtent extent = log.extent();
  Cursor place = PlaceToStart(log, extent, bounds);
  window.Start(place);
  while (place.sequence < extent.latest.sequence) {
    const auto events = log.Read(place.sequence, kSliceEvents, kSliceBytes);
    if (!events.ok() || events->empty()) {
      LogWarning("recent events cannot be read",
                 {{"after", FormatCursor(place)}, {"error", events.status()}});
      window.Reset({.reason = GapReason::kDamaged, .from = place, .to = extent.latest});
      return;
    }
    window.Append(*events);
    place = events->back()->cursor;
  }
}

}  // namespace tocsin::hub
