#include "core/base/token_bucket.h"

#include <algorithm>

namespace tocsin {

TokenBucket::TokenBucket(double per_second, double burst, absl::Duration now)
    : per_second_(per_second), burst_(burst), tokens_(burst), last_(now) {}

bool TokenBucket::Take(absl::Duration now, double tokens) {
  Refill(now);
  if (tokens_ < tokens) return false;
  tokens_ -= tokens;
  return true;
}

absl::Duration TokenBucket::WaitFor(absl::Duration now, double tokens) {
  Refill(now);
  if (tokens_ >= tokens) return absl::ZeroDuration();
  // Rounded up, so that a Take after the wait succeeds.
  return absl::Ceil(absl::Seconds((tokens - tokens_) / per_second_), absl::Microseconds(1)) +
         absl::Microseconds(1);
}

void TokenBucket::Refill(absl::Duration now) {
  if (now <= last_) return;
  tokens_ = std::min(burst_, tokens_ + absl::ToDoubleSeconds(now - last_) * per_second_);
  last_ = now;
}

}  // namespace tocsin
