// shard_options.h: the bounds of a shard, and what it counts.
//
// Threads: the options are a value; the counts are written by the shard's thread and read by any.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "core/event/limits.h"

namespace tocsin {

struct ShardOptions {
  // Of one subscriber; past it, it reads the log.
  size_t pending_messages = limits::kPendingMessages;
  size_t pending_bytes = limits::kPendingBytes;
  size_t write_events = limits::kWriteEvents;
  size_t write_bytes = limits::kWriteBytes;
  size_t replay_events = limits::kReplayEvents;
  size_t replay_bytes = limits::kReplayBytes;
  absl::Duration hot_tick = limits::kHotTick;
  absl::Duration stuck_after = limits::kStuckAfter;
  // Readings of the log at a time; who is behind beyond them waits for one. Sixteen keep a disk or a
  // connection busy, and a bridge of four threads within the streams that a hub serves one peer.
  size_t log_readings = 16;
  // Slices that a reading is given before it makes room for others: few enough that all come to
  // their turn soon, many enough that opening one costs little of it.
  size_t slices_per_reading = 8;
  // Slices that cohorts are given in one turn, so that live ones do not wait long.
  size_t slices_per_turn = 16;
  // Those of a cohort that have no room are waited for so long by those that have.
  absl::Duration wait_for_slower = absl::Milliseconds(5);
};

struct ShardStats {
  std::atomic<uint64_t> subscribers{0};
  std::atomic<uint64_t> subscriptions{0};
  std::atomic<uint64_t> live{0};
  std::atomic<uint64_t> delivered{0};  // events handed to sinks
  std::atomic<uint64_t> writes{0};
  std::atomic<uint64_t> fell_behind{0};  // a full outbox sent a live one back to the log
  std::atomic<uint64_t> stuck{0};
};

}  // namespace tocsin
