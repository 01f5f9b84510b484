#include "core/rpc/wake_timer.h"

#include <algorithm>
#include <utility>

#include "core/base/clock.h"

namespace tocsin::rpc {
namespace {

// Longer waits are cut: a condition variable cannot wait for ever by a time.
constexpr absl::Duration kLongestWait = absl::Hours(1);

}  // namespace

WakeTimer::WakeTimer(std::function<void()> ring)
    : ring_(std::move(ring)), thread_([this] { Run(); }) {}

WakeTimer::~WakeTimer() {
  {
    MutexLock lock(mutex_);
    stop_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

void WakeTimer::Set(absl::Duration at) {
  MutexLock lock(mutex_);
  // The thread is left asleep when it would only have to sleep longer.
  if (std::exchange(at_, at) > at) {
    changed_.NotifyAll();
  }
}

void WakeTimer::Run() {
  Clock& clock = Clock::Real();
  while (true) {
    {
      MutexLock lock(mutex_);
      while (!stop_ && at_ > clock.Monotonic()) {
        changed_.WaitFor(mutex_, std::min(at_ - clock.Monotonic(), kLongestWait));
      }
      if (stop_) {
        return;
      }
      at_ = absl::InfiniteDuration();
    }
    ring_();
  }
}

}  // namespace tocsin::rpc
