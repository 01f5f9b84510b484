// running_time.h: time as a thread sees it that may be kept from running.
//
// Shape:   a step between two looks counts at most `longest`. A process that was suspended, or whose
//          machine was, so does not hold its own absence against others.
// Threads: one at a time.
#pragma once

#include <algorithm>

#include "absl/time/time.h"

namespace tocsin {

class RunningTime {
 public:
  // `longest`: more than the usual time between two looks.
  RunningTime(absl::Duration start, absl::Duration longest) : longest_(longest), last_(start) {}

  // `now` is monotonic.
  absl::Duration Look(absl::Duration now) {
    passed_ += std::min(now - last_, longest_);
    last_ = now;
    return passed_;
  }

 private:
  const absl::Duration longest_;
  absl::Duration last_;
  absl::Duration passed_ = absl::ZeroDuration();
};

}  // namespace tocsin
