// hub_replay.h: the bridge's log reader: reads from the hub what the bridge's window no longer
// holds.
//
// Shape:   each Open makes one replay (replay.h); all run on the thread of one link. Shards and
//          replays call each other by posted tasks.
// Threads: Open, Next and the destruction of a CatchUp on the shard's thread; the rest when the
//          link's thread has ended, which comes before the end of any shard that Open was given.
// Owns:    the replays. The link outlives it.
// Errors:  a start that the hub refuses is LogSlice::status; a hub that is away is waited for.
#pragma once

#include <atomic>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "bridge/upstream/replay.h"
#include "bridge/upstream/replay_slots.h"
#include "core/rpc/hub_link.h"
#include "core/stream/log_reader.h"
#include "core/stream/window.h"

namespace tocsin::bridge {

class HubReplay final : public LogReader {
 public:
  // Streams open at the hub at a time: 256 of them have at most 64 KiB each under way, together
  // 16 MiB. Shards have at most ShardOptions::log_readings each, so only a bridge of more than 16
  // threads reaches this bound.
  static constexpr size_t kMaxStreams = 256;

  HubReplay(rpc::HubLink& link, const Window& window, size_t max_streams = kMaxStreams)
      : link_(link), window_(window), slots_(max_streams) {}

  std::unique_ptr<CatchUp> Open(Shard& shard, const StartPoint& start, FilterPtr filter,
                                Deliver deliver) override;

 private:
  class Handle;

  rpc::HubLink& link_;
  const Window& window_;
  std::atomic<uint64_t> opened_{0};
  // The link's thread's own.
  ReplaySlots slots_;
  absl::flat_hash_map<uint64_t, std::unique_ptr<Replay>> replays_;
};

}  // namespace tocsin::bridge
