#include "hub/service/reset_guard.h"

namespace tocsin::hub {

void ResetGuard::OnReset(const std::string& peer) {
  if (TooMany(peer)) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    drop_(peer);
  }
}

bool ResetGuard::TooMany(const std::string& peer) {
  const absl::Duration now = clock_.Monotonic();
  MutexLock lock(mutex_);
  auto found = left_.find(peer);
  if (found == left_.end()) {
    if (left_.size() >= kPeers) {
      absl::erase_if(left_, [now](auto& each) {
        return each.second.WaitFor(now, kBurst) <= absl::ZeroDuration();
      });
    }
    if (left_.size() >= kPeers) {
      left_.clear();
    }
    found = left_.emplace(peer, TokenBucket(kPerSecond, kBurst, now)).first;
  }
  if (found->second.Take(now)) {
    return false;
  }
  left_.erase(found);  // told once; calls that gRPC still hands over count anew
  return true;
}

}  // namespace tocsin::hub
