#include "core/auth/failure_limiter.h"

#include "core/event/error.h"

namespace tocsin {

absl::Status FailureLimiter::Check(const IpAddress& client) {
  if (!Counts(client)) {
    return absl::OkStatus();
  }
  const absl::Duration now = clock_.Monotonic();
  MutexLock lock(mutex_);
  const auto found = entries_.find(client.key());
  if (found == entries_.end()) {
    return absl::OkStatus();
  }
  const absl::Duration wait = found->second.bucket.WaitFor(now);
  if (wait <= absl::ZeroDuration()) {
    return absl::OkStatus();
  }
  ++refused_;
  return MakeError(ErrorCode::kRateLimitExceeded,
                   "too many tokens from this address were refused: none is looked at now",
                   {.retry_after = wait});
}

void FailureLimiter::Failed(const IpAddress& client) {
  const absl::Duration now = clock_.Monotonic();
  MutexLock lock(mutex_);
  ++failures_;
  if (!Counts(client)) {
    return;
  }
  // Nothing is taken where none is left: several tokens may have been verified at the same time.
  EntryOf(client.key(), now).bucket.Take(now);
}

FailureLimiter::Entry& FailureLimiter::EntryOf(const AddressKey& key, absl::Duration now) {
  if (const auto found = entries_.find(key); found != entries_.end()) {
    by_time_.splice(by_time_.end(), by_time_, found->second.at);
    return found->second;
  }
  DropOld(now);
  by_time_.push_back(key);
  return entries_
      .emplace(key, Entry{TokenBucket(kPerSecond, kBurst, now), std::prev(by_time_.end())})
      .first->second;
}

// One that has all its failures back is as good as unknown.
void FailureLimiter::DropOld(absl::Duration now) {
  while (!by_time_.empty()) {
    const auto oldest = entries_.find(by_time_.front());
    const bool recovered = oldest->second.bucket.WaitFor(now, kBurst) <= absl::ZeroDuration();
    if (!recovered && entries_.size() < most_addresses_) {
      return;
    }
    entries_.erase(oldest);
    by_time_.pop_front();
  }
}

uint64_t FailureLimiter::failures() const {
  MutexLock lock(mutex_);
  return failures_;
}

uint64_t FailureLimiter::refused() const {
  MutexLock lock(mutex_);
  return refused_;
}

size_t FailureLimiter::addresses() const {
  MutexLock lock(mutex_);
  return entries_.size();
}

}  // namespace tocsin
