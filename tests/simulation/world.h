// world.h: time and chance of a simulation: one thread, an agenda, and random numbers of one seed.
//
// Shape:   everything that happens is a task of the agenda, in the order of its time; tasks of one
//          time run in the order in which they were put there. So a seed always gives the same run.
// Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "core/base/clock.h"

namespace tocsin::simulation {

class World {
 public:
  using Task = std::function<void()>;
  using Key = std::pair<absl::Duration, uint64_t>;

  explicit World(uint64_t seed, bool trace = false) : random_(seed), trace_(trace) {}

  ManualClock& clock() { return clock_; }
  absl::Duration now() { return clock_.Monotonic(); }

  Key After(absl::Duration wait, Task task);
  void Cancel(const Key& key) { agenda_.erase(key); }
  // Runs what is due up to this time.
  void RunUntil(absl::Duration time);
  // How many tasks have run: what was done before what.
  uint64_t steps() const { return steps_; }

  // 0 to below `bound`.
  uint64_t Below(uint64_t bound) { return random_() % bound; }
  bool Chance(uint64_t percent) { return Below(100) < percent; }
  absl::Duration Between(absl::Duration least, absl::Duration most);
  absl::Duration UpTo(absl::Duration most) { return Between(absl::ZeroDuration(), most); }

  // A line for whoever looks at a failing seed.
  void Note(const std::string& text);

 private:
  ManualClock clock_;
  std::mt19937_64 random_;
  const bool trace_;
  std::map<Key, Task> agenda_;
  uint64_t made_ = 0;
  uint64_t steps_ = 0;
};

// What tasks ask whether their owner is still there.
class Life {
 public:
  // Runs only while this life lasts.
  World::Task Guard(World::Task task) const {
    return [alive = std::weak_ptr<int>(alive_), task = std::move(task)] {
      if (!alive.expired()) {
        task();
      }
    };
  }

 private:
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

// Something that is to be run again and again: now when it is rung, and at the times it asks for.
class Turns {
 public:
  // `turn` answers when it is to be run again if nobody rings (monotonic).
  Turns(World& world, std::function<absl::Duration()> turn)
      : world_(world), turn_(std::move(turn)) {}

  void Ring() { RunAt(world_.now() + world_.UpTo(kLongestWait)); }

 private:
  // A thread that is woken does not run at once.
  static constexpr absl::Duration kLongestWait = absl::Microseconds(300);

  void RunAt(absl::Duration time);

  World& world_;
  const std::function<absl::Duration()> turn_;
  std::pair<absl::Duration, uint64_t> key_{absl::InfiniteDuration(), 0};
  Life life_;
};

}  // namespace tocsin::simulation
