// snapshot_pause.h: how the reader of snapshots leaves the processor to others.
//
// Threads: any.
// Source:  docs/benchmarks.md
#pragma once

#include <algorithm>

#include "absl/time/time.h"

namespace tocsin::hub {

inline constexpr absl::Duration kMostSnapshotPause = absl::Milliseconds(5);
// A shorter pause would take longer than it is.
inline constexpr absl::Duration kLeastSnapshotPause = absl::Microseconds(50);

// How long the reader pauses after a turn that took so long, and so much of that on the processor:
// as long as it had to wait. Without pauses, snapshots take all that is left of a processor. Linux
// then does not run its own threads there either, though they come first, and a sync of the disk,
// which needs one, takes hundreds of milliseconds.
inline absl::Duration SnapshotPause(absl::Duration turn, absl::Duration processor) {
  const absl::Duration waited = turn - processor;
  return waited < kLeastSnapshotPause ? absl::ZeroDuration() : std::min(waited, kMostSnapshotPause);
}

}  // namespace tocsin::hub
