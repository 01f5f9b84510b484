// clock.h: the time, injected, so that no test sleeps.
//
// Threads: safe.
#pragma once

#include <atomic>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace tocsin {

class Clock {
 public:
  virtual ~Clock() = default;
  // The wall clock: for what people and clients see.
  virtual absl::Time Now() = 0;
  // Since an arbitrary start, never backwards: for time-outs.
  virtual absl::Duration Monotonic() = 0;

  static Clock& Real();
};

// Stands still until told otherwise.
class ManualClock : public Clock {
 public:
  explicit ManualClock(absl::Time start = absl::FromUnixSeconds(1'700'000'000))
      : start_(start), passed_us_(0) {}
  absl::Time Now() override { return start_ + Monotonic(); }
  absl::Duration Monotonic() override { return absl::Microseconds(passed_us_.load()); }
  void Advance(absl::Duration by) { passed_us_ += absl::ToInt64Microseconds(by); }

 private:
  const absl::Time start_;
  std::atomic<int64_t> passed_us_;
};

}  // namespace tocsin
