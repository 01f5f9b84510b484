#include "bridge/ws/conduct.h"

#include <algorithm>

namespace tocsin::bridge::ws {

Conduct::Rate Conduct::Take(absl::Duration now) {
  if (bucket_.Take(now)) {
    return Rate::kWithin;
  }
  if (now - over_last_ > kPause) {
    over_since_ = now;
  }
  over_last_ = now;
  return now - over_since_ >= kOverRateFor ? Rate::kOverForTooLong : Rate::kOver;
}

absl::Duration Conduct::WaitFor(absl::Duration now) {
  return std::max(bucket_.WaitFor(now), absl::Milliseconds(1));
}

bool Conduct::CountBad(absl::Duration now) {
  if (now - bad_since_ >= absl::Minutes(1)) {
    bad_since_ = now;
    bad_ = 0;
  }
  return ++bad_ >= kBadMessagesPerMinute;
}

}  // namespace tocsin::bridge::ws
