#include "core/base/address_rates.h"

#include <iterator>

namespace tocsin {

absl::Duration AddressRates::WaitFor(const IpAddress& address) {
  if (!Counts(address)) {
    return absl::ZeroDuration();
  }
  MutexLock lock(mutex_);
  const auto found = entries_.find(address.key());
  return found == entries_.end() ? absl::ZeroDuration()
                                 : found->second.bucket.WaitFor(clock_.Monotonic());
}

bool AddressRates::Take(const IpAddress& address) {
  if (!Counts(address)) {
    return true;
  }
  const absl::Duration now = clock_.Monotonic();
  MutexLock lock(mutex_);
  return EntryOf(address.key(), now).bucket.Take(now);
}

AddressRates::Entry& AddressRates::EntryOf(const AddressKey& key, absl::Duration now) {
  if (const auto found = entries_.find(key); found != entries_.end()) {
    by_time_.splice(by_time_.end(), by_time_, found->second.at);
    return found->second;
  }
  DropOld(now);
  by_time_.push_back(key);
  return entries_
      .emplace(key,
               Entry{TokenBucket(rate_.per_second, rate_.burst, now), std::prev(by_time_.end())})
      .first->second;
}

// One whose bucket is full again is as good as unknown.
void AddressRates::DropOld(absl::Duration now) {
  while (!by_time_.empty()) {
    const auto oldest = entries_.find(by_time_.front());
    const bool full = oldest->second.bucket.WaitFor(now, rate_.burst) <= absl::ZeroDuration();
    if (!full && entries_.size() < rate_.most_addresses) {
      return;
    }
    entries_.erase(oldest);
    by_time_.pop_front();
  }
}

size_t AddressRates::addresses() const {
  MutexLock lock(mutex_);
  return entries_.size();
}

}  // namespace tocsin
