// health_keeper.h: keeps the answers of grpc.health.v1.Health in step with the hub's state.
//
// Threads: one of its own, which checks the state twice a second.
// Owns:    that thread.
#pragma once

#include <functional>
#include <thread>

#include "core/base/mutex.h"

namespace tocsin::hub {

class HealthKeeper {
 public:
  // `serves` is polled for the state; `set` is called at the start and at each change.
  HealthKeeper(std::function<bool()> serves, std::function<void(bool)> set);
  ~HealthKeeper() { Stop(); }

  // Calls `set` with false for the last time.
  void Stop();

 private:
  void Run();
  void Look() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::function<bool()> serves_;
  const std::function<void(bool)> set_;
  Mutex mutex_;  // no leaf: the sequencer is asked and shards are told under it
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool told_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace tocsin::hub
