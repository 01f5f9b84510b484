#include "tests/simulation/simulation.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/simulation/clients.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/history.h"
#include "tests/simulation/sim_bridge.h"
#include "tests/simulation/sim_hub.h"
#include "tests/simulation/world.h"

namespace tocsin::simulation {
namespace {

constexpr absl::Duration kFaults = absl::Seconds(20);        // so long things go wrong
constexpr absl::Duration kLongestAfter = absl::Minutes(10);  // until all must be well again

// Small bounds, so that a few hundred events are many.
ShardOptions SmallShard(World& world) {
  ShardOptions options;
  options.pending_messages = 2 + world.Below(20);
  options.pending_bytes = 1'000 + world.Below(20'000);
  // Where a subscription begins after a gap, that place and the gap leave in one write, as they do with
  // any bound of more than one.
  options.write_events = 2 + world.Below(10);
  options.replay_events = 1 + world.Below(10);
  options.log_readings = 1 + world.Below(3);
  options.slices_per_reading = 1 + world.Below(3);
  return options;
}

WindowBounds SmallWindow(World& world) { return {5 + world.Below(100), 1 << 20}; }

SimSocket::Speed AnySpeed(World& world) {
  if (world.Chance(60)) {
    return SimSocket::kFast;
  }
  return {.room = 500 + world.Below(4'000),
          .read_bytes = 100 + world.Below(2'000),
          .pause = world.UpTo(absl::Milliseconds(200))};
}

Asks AnyAsks(World& world) {
  return {.worst = world.Chance(60),
          .snapshot = world.Chance(25),
          .leaves = world.Chance(25),
          .latest_only = world.Chance(25)};
}

class Simulation {
 public:
  Simulation(uint64_t seed, bool trace)
      : world_(seed, trace),
        durability_(world_.Chance(70) ? hub::Durability::kAlways : hub::Durability::kInterval),
        disk_(durability_ == hub::Durability::kAlways,
              world_.Chance(70) ? 0 : 20 + world_.Below(100)) {
    StartHub();
    StartBridge();
    const uint64_t publishers = 1 + world_.Below(3);
    for (uint64_t i = 0; i < publishers; ++i) {
      publishers_.push_back(std::make_unique<Publisher>(world_, place_, i, published_));
      publishers_.back()->Start(kFaults);
    }
    const uint64_t grpc = 1 + world_.Below(3);
    for (uint64_t i = 0; i < grpc; ++i) {
      grpc_.push_back(std::make_unique<GrpcSubscriber>(world_, place_, absl::StrCat("grpc ", i),
                                                       AnyAsks(world_)));
      world_.After(world_.UpTo(kFaults / 2), [this, i] { grpc_[i]->Start(); });
    }
    const uint64_t ws = 1 + world_.Below(4);
    for (uint64_t i = 0; i < ws; ++i) {
      ws_.push_back(std::make_unique<WsSubscriber>(world_, bridge_, absl::StrCat("/ws ", i),
                                                   AnyAsks(world_), AnySpeed(world_)));
      world_.After(world_.UpTo(kFaults / 2), [this, i] { ws_[i]->Start(); });
    }
    NextFault();
  }

  Result Run() {
    Result result;
    world_.RunUntil(kFaults);
    // Some are so slow that no snapshot reaches them within a session.
    for (const auto& subscriber : ws_) {
      subscriber->ReadFast();
    }
    for (absl::Duration end = kFaults + absl::Seconds(30);; end += absl::Seconds(30)) {
      world_.RunUntil(end);
      result.wrong = Verdict();
      world_.Note(absl::StrCat("verdict: ", result.wrong));
      if (result.wrong.empty() || end > kLongestAfter) {
        break;
      }
    }
    result.events = disk_.log().size();
    for (const Seen* seen : AllSeen()) {
      result.seen += seen->items().size();
    }
    result.kills = kills_;
    return result;
  }

 private:
  std::string Verdict() const {
    for (const auto& publisher : publishers_) {
      if (!publisher->idle()) {
        return "Durable: a publish is never answered";
      }
    }
    return Judge(disk_, published_, AllSeen());
  }
  std::vector<const Seen*> AllSeen() const {
    std::vector<const Seen*> seen;
    for (const auto& subscriber : grpc_) {
      seen.push_back(&subscriber->seen());
    }
    for (const auto& subscriber : ws_) {
      seen.push_back(&subscriber->seen());
    }
    return seen;
  }

  void StartHub() {
    world_.Note("the hub starts");
    place_.hub = std::make_unique<SimHub>(world_, disk_, durability_, SmallShard(world_),
                                          SmallWindow(world_));
  }
  void KillHub() {
    if (place_.hub == nullptr) {
      return;
    }
    world_.Note("the hub is killed");
    ++kills_;
    disk_.broken = true;  // its destructors are no clean end
    place_.hub.reset();
    if (durability_ == hub::Durability::kInterval && world_.Chance(50)) {
      world_.Note("the power is cut");
      disk_.CutPower();
    }
    world_.After(world_.UpTo(absl::Seconds(3)), [this] { StartHub(); });
  }
  void StartBridge() {
    world_.Note("the bridge starts");
    bridge_ = std::make_unique<SimBridge>(world_, place_, SmallShard(world_), SmallWindow(world_));
  }
  void KillBridge() {
    if (bridge_ == nullptr) {
      return;
    }
    world_.Note("the bridge is killed");
    ++kills_;
    bridge_.reset();
    world_.After(world_.UpTo(absl::Seconds(3)), [this] { StartBridge(); });
  }
  // Its supervisor starts a hub again whose log has failed.
  void BreakDisk() {
    world_.Note("the disk fails");
    disk_.broken = true;
    world_.After(world_.UpTo(absl::Seconds(3)), [this] { disk_.broken ? KillHub() : void(); });
  }
  void FillDisk() {
    world_.Note("the disk is full");
    disk_.full = true;
    world_.After(world_.UpTo(absl::Seconds(3)), [this] { disk_.full = false; });
  }
  // A commit is on the disk, and nobody is told.
  void KillHubAfterWrite() {
    disk_.before_answer = [this] {
      disk_.broken = true;
      world_.After(absl::ZeroDuration(), [this] { KillHub(); });
    };
  }
  void CutLink() {
    const absl::Duration time = world_.UpTo(absl::Seconds(5));
    const uint64_t which = world_.Below(publishers_.size() + grpc_.size() + 1);
    world_.Note(absl::StrCat("link ", which, " is cut for ", absl::FormatDuration(time)));
    if (which < publishers_.size()) {
      publishers_[which]->link().Cut(time);
    } else if (which < publishers_.size() + grpc_.size()) {
      grpc_[which - publishers_.size()]->link().Cut(time);
    } else if (bridge_ != nullptr) {
      bridge_->link().Cut(time);
    }
  }

  void NextFault() {
    if (world_.now() >= kFaults) {
      return;
    }
    switch (world_.Below(10)) {
      case 0:
      case 1:
        KillHub();
        break;
      case 2:
        KillHubAfterWrite();
        break;
      case 3:
        KillBridge();
        break;
      case 4:
        BreakDisk();
        break;
      case 5:
        FillDisk();
        break;
      case 6:
        grpc_[world_.Below(grpc_.size())]->Sleep(world_.UpTo(absl::Seconds(15)));
        break;
      case 7:
        ws_[world_.Below(ws_.size())]->Break();
        break;
      default:
        CutLink();
    }
    world_.After(world_.UpTo(absl::Seconds(4)), [this] { NextFault(); });
  }

  World world_;
  const hub::Durability durability_;
  Disk disk_;
  HubPlace place_;
  WsSubscriber::BridgePlace bridge_;
  std::vector<Published> published_;
  std::vector<std::unique_ptr<Publisher>> publishers_;
  std::vector<std::unique_ptr<GrpcSubscriber>> grpc_;
  std::vector<std::unique_ptr<WsSubscriber>> ws_;
  size_t kills_ = 0;

 public:
  // Nothing is told to those that have been destroyed.
  ~Simulation() {
    bridge_.reset();
    place_.hub.reset();
  }
};

}  // namespace

Result Simulate(uint64_t seed, bool trace) { return Simulation(seed, trace).Run(); }

}  // namespace tocsin::simulation
