// start_resolver.h: what a start point means to a log: the place to read on from, and what cannot
// be given before it.
//
// Shape:   a cursor (epoch, sequence) is good when its epoch is known and the sequence lies within
//          it, from the place before the epoch's first event to its last event. Older than what is
//          held: a gap `expired`. Past the end of an epoch that is over, or of an unknown one: a
//          gap `epoch`. A time before the oldest event held, where older ones were dropped: a gap
//          `expired`, because nobody knows any more whether they belonged to it.
//          The place is answered under the name that the log gives it (epochs.h).
// Threads: pure.
// Errors:  CURSOR_EXPIRED for a cursor past the end of the present epoch: the log has lost what the
//          client saw.
// Source:  docs/protocol.md, section 3
#pragma once

#include <functional>
#include <optional>

#include "absl/status/statusor.h"
#include "core/event/cursor.h"
#include "hub/log/log.h"

namespace tocsin::hub {

struct ResolvedStart {
  Cursor from;
  std::optional<Gap> gap;  // ends at `from`
};

// As Log::PlaceAt.
using PlaceOfTime = std::function<absl::StatusOr<Sequence>(absl::Time)>;

absl::StatusOr<ResolvedStart> ResolveStart(const StartPoint& start, const LogExtent& extent,
                                           const Epochs& epochs, const PlaceOfTime& place_at);

}  // namespace tocsin::hub
