// time_share.h: how much of its thread's time one connection has taken lately.
//
// Shape:   a leaky bucket of time. Whoever takes more than kShare of the thread, and more than kFree
//          at once, takes much; what is done for it then comes after what the others wait for
//          (IoThread::PostLate). It costs nothing where nobody else waits.
// Threads: one. Times are monotonic.
#pragma once

#include <algorithm>

#include "absl/time/time.h"

namespace tocsin::http {

class TimeShare {
 public:
  static constexpr double kShare = 0.02;
  // A request or two that cost much, or some hundred that do not.
  static constexpr absl::Duration kFree = absl::Milliseconds(5);

  // Something was done for the connection from `from` to `to`.
  void Add(absl::Duration from, absl::Duration to) {
    taken_ = std::max(absl::ZeroDuration(), taken_ - kShare * (from - until_)) + (to - from);
    until_ = to;
  }
  bool much(absl::Duration now) const { return taken_ - kShare * (now - until_) > kFree; }

 private:
  absl::Duration taken_;
  absl::Duration until_;
};

}  // namespace tocsin::http
