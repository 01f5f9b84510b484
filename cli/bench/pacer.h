// pacer.h: when each batch of an open loop is due: at even intervals, however late others are.
//
// Shape:   times are counted from the start, so that a late batch delays none after it and errors do
//          not add up. Latency is measured from the due time, so that no wait is hidden (no
//          coordinated omission).
// Threads: a value.
#pragma once

#include <cmath>
#include <cstdint>

#include "absl/time/time.h"

namespace tocsin::cli::bench {

class Pacer {
 public:
  // `per_second` is positive.
  Pacer(double per_second, absl::Duration start) : per_second_(per_second), start_(start) {}

  // The first is number 0, due at the start.
  absl::Duration DueOf(uint64_t number) const {
    return start_ + absl::Seconds(static_cast<double>(number) / per_second_);
  }
  // How many are due before `now`.
  uint64_t DueBefore(absl::Duration now) const {
    if (now <= start_) return 0;
    auto count = static_cast<uint64_t>(absl::ToDoubleSeconds(now - start_) * per_second_);
    while (count > 0 && DueOf(count - 1) >= now) --count;
    while (DueOf(count) < now) ++count;
    return count;
  }

 private:
  double per_second_;
  absl::Duration start_;
};

}  // namespace tocsin::cli::bench
