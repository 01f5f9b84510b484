// backoff.h: how long to wait before the next try: doubling, and jittered so that many bridges do
// not come back at once.
//
// Threads: not thread-safe.
#pragma once

#include <algorithm>
#include <random>

#include "absl/time/time.h"

namespace tocsin::bridge {

class Backoff {
 public:
  Backoff(absl::Duration first, absl::Duration last) : first_(first), last_(last), next_(first) {}

  // Between half of the step and all of it; the step then doubles up to the last.
  absl::Duration Next() {
    const absl::Duration step = next_;
    next_ = std::min(2 * next_, last_);
    return step * std::uniform_real_distribution<double>(0.5, 1.0)(random_);
  }
  void Reset() { next_ = first_; }

 private:
  const absl::Duration first_;
  const absl::Duration last_;
  absl::Duration next_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace tocsin::bridge
