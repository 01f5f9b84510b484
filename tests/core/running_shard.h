// running_shard.h: a shard on a thread of its own, as a program has it.
#pragma once

#include <algorithm>
#include <thread>

#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/stream/shard.h"

namespace tocsin::testing {

class RunningShard {
 public:
  RunningShard(const Window& window, LogReader& log) : shard(window, log, Clock::Real(), {}) {
    shard.SetBell([this] {
      MutexLock lock(mutex_);
      rung_ = true;
      changed_.NotifyOne();
    });
    thread_ = std::thread([this] { Run(); });
  }
  ~RunningShard() {
    {
      MutexLock lock(mutex_);
      stop_ = true;
      changed_.NotifyOne();
    }
    thread_.join();
  }

  Shard shard;

 private:
  void Run() {
    absl::Duration due = absl::ZeroDuration();
    while (true) {
      {
        MutexLock lock(mutex_);
        while (!rung_ && !stop_) {
          const absl::Duration left = due - Clock::Real().Monotonic();
          if (left <= absl::ZeroDuration()) break;
          changed_.WaitFor(mutex_, std::min(left, absl::Seconds(1)));
        }
        if (stop_) return;
        rung_ = false;
      }
      due = shard.RunOnce();
    }
  }

  Mutex mutex_;
  CondVar changed_;
  bool rung_ ABSL_GUARDED_BY(mutex_) = false;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace tocsin::testing
