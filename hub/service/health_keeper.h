// health_keeper.h: keeps what grpc.health.v1.Health answers in step with the hub.
//
// Threads: one of its own, which looks twice a second.
// Owns:    that thread.
#pragma once

#include <functional>
#include <thread>

#include "core/base/mutex.h"

namespace tocsin::hub {

class HealthKeeper {
 public:
  // `serves` is asked; `set` is told at the start and at each change.
  HealthKeeper(std::function<bool()> serves, std::function<void(bool)> set);
  ~HealthKeeper() { Stop(); }

  // Tells `set` false, once and for all.
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
