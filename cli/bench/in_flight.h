// in_flight.h: bounds how many events may be under way at a time: the window of a closed loop.
//
// Shape:   each event is owed to every receiver: of `bench pub`, the publisher's answer is the only
//          one; else they are the subscribers. There is room while what is owed is less than `most`
//          events for each of them. One that leaves is owed nothing any more.
// Threads: safe. Stop ends every wait, and from then on nothing is let through.
#pragma once

#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"

namespace tocsin::cli::bench {

class InFlight {
 public:
  InFlight(uint64_t most, uint64_t receivers, Clock& clock)
      : most_(most), clock_(clock), receivers_(receivers) {}

  // Waits for room and takes it; `events` is at most `most`. False when stopped, or at `end`.
  bool Acquire(uint64_t events, absl::Duration end);
  // That many events came to one receiver each.
  void Release(uint64_t deliveries);
  // They were refused: nobody will get them.
  void GiveUp(uint64_t events);
  // A receiver that got `received` has gone.
  void ReceiverLeft(uint64_t received);

  // Until that time; false when stopped before.
  bool SleepUntil(absl::Duration time);
  void Stop();
  bool stopped();
  // Events that are owed, as seen by the average receiver.
  uint64_t events();

 private:
  void Reduce(uint64_t deliveries) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HasRoom(uint64_t events) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return owed_ + events * receivers_ <= most_ * receivers_;
  }

  const uint64_t most_;
  Clock& clock_;
  Mutex mutex_;
  CondVar changed_;
  uint64_t receivers_ ABSL_GUARDED_BY(mutex_);
  uint64_t acquired_ ABSL_GUARDED_BY(mutex_) = 0;  // events, less those given up
  uint64_t owed_ ABSL_GUARDED_BY(mutex_) = 0;      // deliveries
  uint64_t wanted_ ABSL_GUARDED_BY(mutex_) = 0;    // events that somebody waits for room for
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tocsin::cli::bench
