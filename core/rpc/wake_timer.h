// wake_timer.h: calls a function once, at a time of the monotonic clock.
//
// Shape:   a thread that waits. gRPC's own timers follow the wall clock: when the clock is set back
//          by 45 s while one waits, it fires 45 s late.
// Threads: Set from any; the callback runs on the timer's thread and must not block.
// Owns:    the thread; the destructor joins it.
#pragma once

#include <functional>
#include <thread>

#include "absl/time/time.h"
#include "core/base/mutex.h"

namespace tocsin::rpc {

class WakeTimer {
 public:
  explicit WakeTimer(std::function<void()> ring);
  ~WakeTimer();
  WakeTimer(const WakeTimer&) = delete;
  WakeTimer& operator=(const WakeTimer&) = delete;

  // Replaces the time that was set before. `at` is a time of Clock::Real().Monotonic();
  // InfiniteDuration means never.
  void Set(absl::Duration at);

 private:
  void Run();

  const std::function<void()> ring_;
  Mutex mutex_;
  CondVar changed_;
  absl::Duration at_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteDuration();
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses the rest
};

}  // namespace tocsin::rpc
