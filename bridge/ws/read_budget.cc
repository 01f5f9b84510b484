#include "bridge/ws/read_budget.h"

#include <algorithm>

namespace tocsin::bridge::ws {
namespace {

// Beside the message itself: the frames in which it comes, and the client's pings and pongs.
constexpr double kBeside = 4;

double UnitsOf(size_t messages, size_t max_message_bytes) {
  const double one =
      ReadBudget::kMessage + kBeside + static_cast<double>(max_message_bytes) * ReadBudget::kBytes;
  return static_cast<double>(messages) * one;
}

}  // namespace

ReadBudget::ReadBudget(size_t messages_per_second, size_t burst, size_t max_message_bytes,
                       absl::Duration now)
    : per_second_(UnitsOf(messages_per_second, max_message_bytes)),
      burst_(UnitsOf(burst, max_message_bytes)),
      units_(burst_),
      filled_(now) {}

bool ReadBudget::Allows(absl::Duration now) {
  units_ = std::min(burst_, units_ + per_second_ * absl::ToDoubleSeconds(now - filled_));
  filled_ = now;
  if (units_ > 0) {
    return true;
  }
  if (!waited_ || now - waits_last_ > kPause) {
    waits_since_ = now;
  }
  waited_ = true;
  waits_last_ = now;
  return false;
}

}  // namespace tocsin::bridge::ws
