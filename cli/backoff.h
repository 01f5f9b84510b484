// backoff.h: how long to wait before the next try: doubling, and never the same for two clients.
//
// Threads: not thread-safe.
#pragma once

#include <algorithm>
#include <random>

#include "absl/time/time.h"

namespace tocsin::cli {

class Backoff {
 public:
  Backoff() : random_(std::random_device{}()) {}

  // Between half of the step and all of it.
  absl::Duration Next() {
    const absl::Duration step = step_;
    step_ = std::min(step_ * 2, kMost);
    return step * std::uniform_real_distribution<double>(0.5, 1.0)(random_);
  }
  void Reset() { step_ = kFirst; }

 private:
  static constexpr absl::Duration kFirst = absl::Milliseconds(200);
  static constexpr absl::Duration kMost = absl::Seconds(5);

  std::mt19937 random_;
  absl::Duration step_ = kFirst;
};

}  // namespace tocsin::cli
