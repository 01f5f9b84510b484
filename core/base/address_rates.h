// address_rates.h: limits a rate for each address: so many a second, plus a burst.
//
// Shape:   a token bucket for each address that has taken something lately. WaitFor asks, Take takes.
// Threads: safe; one leaf mutex.
// Owns:    a table by address (an IPv6 /64 is one). Loopback and `exempt` (proxies, of whose clients
//          there are many) are not in it: for them nothing is limited.
// Bounds:  `most_addresses` entries of some 150 bytes. The one that took longest ago goes first, when
//          its bucket is full again, or the table is.
#pragma once

#include <cstddef>
#include <list>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "core/base/cidr.h"
#include "core/base/clock.h"
#include "core/base/ip_address.h"
#include "core/base/mutex.h"
#include "core/base/token_bucket.h"

namespace tocsin {

struct AddressRate {
  double per_second = 1;
  double burst = 1;
  size_t most_addresses = 65'536;  // some 10 MiB
};

class AddressRates {
 public:
  AddressRates(Clock& clock, const AddressRate& rate, CidrList exempt = {})
      : clock_(clock), rate_(rate), exempt_(std::move(exempt)) {}

  // Until Take would succeed; zero when it would now.
  absl::Duration WaitFor(const IpAddress& address);
  // False, and nothing is taken, where nothing is left.
  bool Take(const IpAddress& address);
  size_t addresses() const;

 private:
  struct Entry {
    TokenBucket bucket;
    std::list<AddressKey>::iterator at;  // in by_time_
  };

  bool Counts(const IpAddress& address) const {
    return !address.is_loopback() && !exempt_.Contains(address);
  }
  Entry& EntryOf(const AddressKey& key, absl::Duration now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DropOld(absl::Duration now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Clock& clock_;
  const AddressRate rate_;
  const CidrList exempt_;
  mutable Mutex mutex_;
  absl::flat_hash_map<AddressKey, Entry> entries_ ABSL_GUARDED_BY(mutex_);
  std::list<AddressKey> by_time_ ABSL_GUARDED_BY(mutex_);  // of the last Take, oldest first
};

}  // namespace tocsin
