// sim_link.h: the network between one process and the hub: Subscribe calls over it, and unary
// publishes.
//
// Shape:   what is sent arrives in its order, some time later. A call's stream holds a bounded
//          number of responses that were not read; then the hub's write has not left. A link that is
//          cut loses what is under way, and both sides learn of it late, as by keepalive.
// Threads: one.
// Owns:    its calls. The destructor is the end of the process: the hub sees its calls end. One that
//          publishes outlives the hubs.
#pragma once

#include <memory>
#include <vector>

#include "core/rpc/hub_link.h"
#include "tests/simulation/sim_hub.h"
#include "tests/simulation/world.h"

namespace tocsin::simulation {

// Where the hub is, while one runs.
struct HubPlace {
  std::unique_ptr<SimHub> hub;
};

class SimCall;

class SimLink final : public rpc::HubLink {
 public:
  SimLink(World& world, HubPlace& place, absl::Duration delay)
      : world_(world), place_(place), delay_(delay) {}
  ~SimLink() override;

  void Post(Task task) override { After(absl::ZeroDuration(), std::move(task)); }
  TimerKey After(absl::Duration wait, Task task) override {
    return world_.After(wait, life_.Guard(std::move(task)));
  }
  void CancelTimer(const TimerKey& key) override { world_.Cancel(key); }
  Call& Open(const v1::SubscribeRequest& request, bool wait_for_hub, CallOwner& owner) override;
  void ConnectNow() override {}  // calls that wait look for the hub all the time
  uint32_t RandomSeed() override { return static_cast<uint32_t>(1 + world_.Below(1 << 30)); }

  // The answer may never come.
  void Publish(const v1::PublishRequest& request, SimHub::Answer answer);

  // Nothing gets through until then.
  void Cut(absl::Duration time);

 private:
  friend class SimCall;

  SimHub* hub() { return cut_until_ > world_.now() ? nullptr : place_.hub.get(); }
  absl::Duration Delay() { return world_.Between(delay_ / 2, delay_); }

  World& world_;
  HubPlace& place_;
  const absl::Duration delay_;
  absl::Duration cut_until_ = absl::ZeroDuration();
  uint64_t cuts_ = 0;
  std::vector<std::shared_ptr<SimCall>> calls_;
  Life life_;
};

}  // namespace tocsin::simulation
