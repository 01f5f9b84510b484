#include "bridge/ws/liveness.h"

#include <algorithm>

namespace tocsin::bridge::ws {

Liveness::Verdict Liveness::Look(absl::Duration now) {
  if (const absl::Duration pause = now - looked_; pause > kStall) {
    heard_ = std::min(heard_ + pause, now);
    active_ = std::min(active_ + pause, now);
  }
  looked_ = now;
  if (now - heard_ >= 2 * heartbeat_) {
    return Verdict::kSilent;
  }
  if (now - active_ >= timeout_) {
    return Verdict::kIdle;
  }
  if (now >= ping_due_) {
    ping_due_ = now + heartbeat_;
    return Verdict::kPingDue;
  }
  return Verdict::kAlive;
}

}  // namespace tocsin::bridge::ws
