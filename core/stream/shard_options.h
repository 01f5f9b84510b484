// shard_options.h: the bounds of a shard, and its counters.
//
// Threads: the options are a value; the counters are written by the shard's thread and read by any.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "core/event/limits.h"

namespace tocsin {

struct ShardOptions {
  // What may wait for one subscriber; past it, the subscriber reads the log.
  size_t pending_messages = limits::kPendingMessages;
  size_t pending_bytes = limits::kPendingBytes;
  // A subscription with latest_only is given its stretch when this many events were passed over, so
  // that it hears something, and has a newer cursor, several times a second however long the log
  // is: about a million events a second are read. What a stretch holds is bounded by
  // pending_messages and pending_bytes.
  size_t stretch_passed_over = 100'000;
  size_t write_events = limits::kWriteEvents;
  size_t write_bytes = limits::kWriteBytes;
  size_t replay_events = limits::kReplayEvents;
  size_t replay_bytes = limits::kReplayBytes;
  absl::Duration hot_tick = limits::kHotTick;
  absl::Duration stuck_after = limits::kStuckAfter;
  // Readings of the log at a time; others wait. Sixteen keep a disk or a connection busy, and a
  // bridge of four threads stays within the streams that a hub serves one peer.
  size_t log_readings = 16;
  // Slices that a reading is given, after its first, before it makes room for others: few, so that
  // all get a turn soon, but enough that opening a reading costs little beside them.
  size_t slices_per_reading = 8;
  // Slices given to cohorts in one turn, so that live subscriptions do not wait long.
  size_t slices_per_turn = 16;
  // How long members of a cohort that have room wait for those that have none.
  absl::Duration wait_for_slower = absl::Milliseconds(5);
};

struct ShardStats {
  std::atomic<uint64_t> subscribers{0};
  std::atomic<uint64_t> subscriptions{0};
  std::atomic<uint64_t> live{0};
  std::atomic<uint64_t> delivered{0};  // events handed to sinks
  std::atomic<uint64_t> writes{0};
  std::atomic<uint64_t> fell_behind{0};  // live ones that left because their outbox was full
  std::atomic<uint64_t> stuck{0};
};

}  // namespace tocsin
