// backoff.h: how long to wait before the next try.
//
// Shape:   any time up to a step that doubles with every try ("full jitter"), so that clients that
//          lost the same hub spread their tries over the whole step.
// Threads: not thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>

#include "absl/time/time.h"

namespace tocsin {

class Backoff {
 public:
  Backoff(absl::Duration first, absl::Duration last, uint32_t seed = std::random_device{}())
      : first_(first), last_(last), step_(first), random_(seed) {}

  // From nothing to the step, which then doubles up to the last.
  absl::Duration Next() {
    const absl::Duration step = step_;
    step_ = std::min(2 * step_, last_);
    return step * std::uniform_real_distribution<double>(0.0, 1.0)(random_);
  }
  void Reset() { step_ = first_; }

 private:
  const absl::Duration first_;
  const absl::Duration last_;
  absl::Duration step_;
  std::minstd_rand random_;
};

}  // namespace tocsin
