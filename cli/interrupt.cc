#include "cli/interrupt.h"

#include <cstdlib>
#include <utility>

#include "cli/exit_codes.h"
#include "core/base/clock.h"

namespace tocsin::cli {

bool Interrupt::Raised() {
  MutexLock lock(mutex_);
  return raised_;
}

bool Interrupt::Sleep(absl::Duration time) {
  Clock& clock = Clock::Real();
  const absl::Duration end = clock.Monotonic() + time;
  MutexLock lock(mutex_);
  while (!raised_) {
    const absl::Duration left = end - clock.Monotonic();
    if (left <= absl::ZeroDuration()) return true;
    changed_.WaitFor(mutex_, left);
  }
  return false;
}

void Interrupt::Raise() {
  MutexLock lock(mutex_);
  if (raised_) std::_Exit(kInterrupted);
  raised_ = true;
  if (cancel_) cancel_();
  changed_.NotifyAll();
}

Interrupt::Guard::Guard(Interrupt& interrupt, std::function<void()> cancel)
    : interrupt_(interrupt) {
  MutexLock lock(interrupt_.mutex_);
  if (interrupt_.raised_) cancel();
  interrupt_.cancel_ = std::move(cancel);
}

Interrupt::Guard::~Guard() {
  MutexLock lock(interrupt_.mutex_);
  interrupt_.cancel_ = nullptr;
}

}  // namespace tocsin::cli
