// failure_limiter.h: bounds how often an address may come with a token that is refused.
//
// Shape:   whoever verifies a token asks Check first, and tells Failed when the token was refused.
//          An address has kBurst failures, and one more every 6 s; without one left its tokens are
//          not looked at, good or bad, so a flood of them costs no signatures. What has
//          authenticated before is left alone.
// Threads: safe; one leaf mutex.
// Owns:    a table by address (an IPv6 /64 is one). Loopback and `exempt` (proxies, of whose clients
//          there are many) are not in it.
// Bounds:  kAddresses entries of some 100 bytes; the one that failed longest ago goes first, when it
//          has all its failures back or the table is full.
// Errors:  RATE_LIMIT_EXCEEDED with the time until Check lets the address in again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/cidr.h"
#include "core/base/clock.h"
#include "core/base/ip_address.h"
#include "core/base/mutex.h"
#include "core/base/token_bucket.h"

namespace tocsin {

class FailureLimiter {
 public:
  // A program with a wrong token that tries once in 6 s is never refused for it, and one that has
  // just been given a wrong token has 20 tries.
  static constexpr double kPerSecond = 10.0 / 60;
  static constexpr double kBurst = 20;
  static constexpr size_t kAddresses = 65'536;  // some 7 MiB

  explicit FailureLimiter(Clock& clock, CidrList exempt = {}, size_t most_addresses = kAddresses)
      : clock_(clock), exempt_(std::move(exempt)), most_addresses_(most_addresses) {}

  // Before a token of that client is verified.
  absl::Status Check(const IpAddress& client);
  // A token of that client was refused.
  void Failed(const IpAddress& client);

  uint64_t failures() const;  // told to Failed, exempt ones among them
  uint64_t refused() const;   // by Check
  size_t addresses() const;

 private:
  struct Entry {
    TokenBucket bucket;
    std::list<AddressKey>::iterator at;  // in by_time_
  };

  bool Counts(const IpAddress& client) const {
    return !client.is_loopback() && !exempt_.Contains(client);
  }
  Entry& EntryOf(const AddressKey& key, absl::Duration now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DropOld(absl::Duration now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Clock& clock_;
  const CidrList exempt_;
  const size_t most_addresses_;
  mutable Mutex mutex_;
  absl::flat_hash_map<AddressKey, Entry> entries_ ABSL_GUARDED_BY(mutex_);
  std::list<AddressKey> by_time_ ABSL_GUARDED_BY(mutex_);  // of the last failure, oldest first
  uint64_t failures_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t refused_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace tocsin
