// token_bucket.h: limits a rate: so many a second, plus a burst.
//
// Shape:   tokens come at a steady rate up to the burst; each Take costs one or more. Time is the
//          caller's (Clock::Monotonic), so that a test needs no sleep.
// Threads: not thread-safe; owned by what it limits.
#pragma once

#include "absl/time/time.h"

namespace tocsin {

class TokenBucket {
 public:
  // Full at `now`. Both numbers are positive.
  TokenBucket(double per_second, double burst, absl::Duration now);

  // Returns false, and takes nothing, when there are fewer than `tokens`.
  bool Take(absl::Duration now, double tokens = 1);
  // How long until Take(tokens) succeeds; zero when it would now. `tokens` is at most the burst.
  absl::Duration WaitFor(absl::Duration now, double tokens = 1);

 private:
  void Refill(absl::Duration now);

  const double per_second_;
  const double burst_;
  double tokens_;
  absl::Duration last_;
};

}  // namespace tocsin
