#include "core/auth/failure_limiter.h"

#include "core/base/planted.h"
#include "core/event/error.h"

namespace tocsin {

absl::Status FailureLimiter::Check(const IpAddress& client) {
  const absl::Duration wait = failures_left_.WaitFor(client);
  if (wait <= absl::ZeroDuration() || Planted("failures-without-bound")) {
    return absl::OkStatus();
  }
  refused_.fetch_add(1, std::memory_order_relaxed);
  return MakeError(ErrorCode::kRateLimitExceeded,
                   "too many tokens from this address were refused: none is looked at now",
                   {.retry_after = wait});
}

void FailureLimiter::Failed(const IpAddress& client) {
  failures_.fetch_add(1, std::memory_order_relaxed);
  // Nothing is taken where none is left: several tokens may have been verified at the same time.
  failures_left_.Take(client);
}

}  // namespace tocsin
