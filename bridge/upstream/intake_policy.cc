#include "bridge/upstream/intake_policy.h"

#include <utility>

namespace tocsin::bridge {

IntakePolicy::IntakePolicy(FilterNeeds& needs, Clock& clock, absl::Duration period,
                           std::function<uint64_t()> delivered)
    : needs_(needs), clock_(clock), period_(period), delivered_(std::move(delivered)) {
  Restart();
}

void IntakePolicy::Restart() {
  since_ = clock_.Monotonic();
  received_ = 0;
  delivered_before_ = delivered_();
}

bool IntakePolicy::ShouldNarrow() {
  if (period_ == absl::ZeroDuration() || clock_.Monotonic() - since_ < period_) {
    return false;
  }
  const uint64_t delivered = delivered_() - delivered_before_;
  const uint64_t few = kFewEventsPerSecond * static_cast<uint64_t>(absl::ToInt64Seconds(period_));
  const bool little = received_ > few && delivered * kWorthIt < received_;
  Restart();
  return little && needs_.Hull()->key() != needs_.intake()->key();
}

}  // namespace tocsin::bridge
