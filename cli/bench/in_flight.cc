#include "cli/bench/in_flight.h"

#include <algorithm>

namespace tocsin::cli::bench {

bool InFlight::Acquire(uint64_t events, absl::Duration end) {
  MutexLock lock(mutex_);
  while (!stopped_ && !HasRoom(events)) {
    const absl::Duration left = end - clock_.Monotonic();
    if (left <= absl::ZeroDuration()) return false;
    wanted_ = events;
    changed_.WaitFor(mutex_, left);
  }
  wanted_ = 0;
  if (stopped_) return false;
  acquired_ += events;
  owed_ += events * receivers_;
  return true;
}

void InFlight::Reduce(uint64_t deliveries) {
  owed_ -= std::min(owed_, deliveries);
  // One wake-up when there is room, not one a delivery.
  if (wanted_ > 0 && HasRoom(wanted_)) changed_.NotifyAll();
}

void InFlight::Release(uint64_t deliveries) {
  MutexLock lock(mutex_);
  Reduce(deliveries);
}

void InFlight::GiveUp(uint64_t events) {
  MutexLock lock(mutex_);
  acquired_ -= std::min(acquired_, events);
  Reduce(events * receivers_);
}

void InFlight::ReceiverLeft(uint64_t received) {
  MutexLock lock(mutex_);
  if (receivers_ == 0) return;
  --receivers_;
  Reduce(acquired_ - std::min(acquired_, received));
}

bool InFlight::SleepUntil(absl::Duration time) {
  MutexLock lock(mutex_);
  while (!stopped_) {
    const absl::Duration left = time - clock_.Monotonic();
    if (left <= absl::ZeroDuration()) return true;
    changed_.WaitFor(mutex_, std::max(left, absl::Microseconds(1)));
  }
  return false;
}

void InFlight::Stop() {
  MutexLock lock(mutex_);
  stopped_ = true;
  changed_.NotifyAll();
}

bool InFlight::stopped() {
  MutexLock lock(mutex_);
  return stopped_;
}

uint64_t InFlight::events() {
  MutexLock lock(mutex_);
  return receivers_ == 0 ? 0 : (owed_ + receivers_ - 1) / receivers_;
}

}  // namespace tocsin::cli::bench
