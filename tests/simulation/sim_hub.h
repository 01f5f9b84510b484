// sim_hub.h: one process of the hub: the hub's own log follower, sequencer, log reader and shard, run
// by hand.
//
// Shape:   the destructor is a kill: nothing is told to anybody, and the callers see their
//          connections break.
// Threads: one.
// Owns:    everything but the disk.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "core/stream/shard.h"
#include "core/stream/window.h"
#include "hub/sequencer.h"
#include "hub/service/subscribe_request.h"
#include "hub/snapshot_reader.h"
#include "hub/store_reader.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/world.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::simulation {

class SimHub {
 public:
  // A subscribe call, which learns that the hub is gone.
  class Caller {
   public:
    virtual ~Caller() = default;
    virtual void OnHubGone() = 0;
  };
  using Answer = std::function<void(absl::StatusOr<v1::PublishResponse>)>;

  SimHub(World& world, Disk& disk, hub::Durability durability, const ShardOptions& options,
         WindowBounds window);
  ~SimHub();
  SimHub(const SimHub&) = delete;
  SimHub& operator=(const SimHub&) = delete;

  void Publish(v1::PublishRequest request, Answer answer);
  bool takes_events() const { return sequencer_.state().accepts_publish; }

  void Enter(Caller* caller) { callers_.push_back(caller); }
  void Leave(Caller* caller) { std::erase(callers_, caller); }
  Shard& shard() { return shard_; }
  const Window& window() const { return window_; }
  hub::SnapshotReader& snapshots() { return snapshots_; }
  // The shard has something to do.
  void Ring() { shard_turns_.Ring(); }

 private:
  absl::Duration ServeShard();

  World& world_;
  // First: what is destroyed after them may still ring.
  Turns sequencer_turns_;
  Turns reader_turns_;
  Turns snapshot_turns_;
  Turns shard_turns_;
  DiskLog log_;
  Window window_;
  hub::Sequencer sequencer_;
  hub::StoreReader reader_;
  hub::SnapshotReader snapshots_;
  Shard shard_;
  std::vector<Caller*> callers_;
};

}  // namespace tocsin::simulation
