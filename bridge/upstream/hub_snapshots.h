// hub_snapshots.h: the bridge's snapshots: reads them from the hub, a bounded number at a time.
//
// Shape:   each Open makes one stream (snapshot_stream.h) when it has its turn; those past
//          kMaxRunning wait in order. All run on the thread of one link, which renders the messages
//          as well, so that live clients do not wait for it.
// Threads: Open, Next and the destruction of a Reading on the shard's thread; the numbers from any;
//          the rest when the link's thread has ended, which comes before the end of any shard that
//          Open was given.
// Owns:    the streams. The link outlives it.
// Bounds:  a connection has one snapshot at a time, so no more wait than there are connections.
// Errors:  as SnapshotStream; a hub that is away is waited for.
#pragma once

#include <atomic>
#include <deque>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "bridge/snapshots.h"
#include "bridge/upstream/snapshot_stream.h"
#include "core/rpc/hub_link.h"

namespace tocsin::bridge {

class HubSnapshots final : public Snapshots {
 public:
  // Half of what a hub sends at a time, so that two bridges do not wait for each other. A part of
  // each in both of its forms is some 24 MiB, and what the channel reads ahead of it 8 MiB, where
  // the channel is rpc::Connection::kOwnForBulk.
  static constexpr size_t kMaxRunning = 32;

  explicit HubSnapshots(rpc::HubLink& link) : link_(link) {}

  std::unique_ptr<Reading> Open(Shard& shard, FilterPtr filter, SnapshotFormPtr form,
                                Deliver deliver) override;

  size_t running() const { return running_.load(std::memory_order_relaxed); }
  size_t waiting() const { return waiting_count_.load(std::memory_order_relaxed); }

 private:
  class Handle;
  struct Asked {
    uint64_t id;
    FilterPtr filter;
    SnapshotFormPtr form;
    SnapshotStream::Answer answer;
  };

  void Begin();
  void End(uint64_t id);

  rpc::HubLink& link_;
  std::atomic<uint64_t> opened_{0};
  std::atomic<size_t> running_{0};
  std::atomic<size_t> waiting_count_{0};
  // The link's thread's own.
  std::deque<Asked> waiting_;
  absl::flat_hash_map<uint64_t, std::unique_ptr<SnapshotStream>> streams_;
};

}  // namespace tocsin::bridge
