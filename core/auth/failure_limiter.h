// failure_limiter.h: bounds how often an address may come with a token that is refused.
//
// Shape:   whoever verifies a token asks Check first, and tells Failed when the token was refused.
//          An address has kBurst failures, and one more every 6 s; without one left its tokens are
//          not looked at, good or bad, so a flood of them costs no signatures. What has
//          authenticated before is left alone.
// Threads: safe; one leaf mutex.
// Owns:    a bounded table by address (address_rates.h). Loopback and `exempt` are not limited.
// Errors:  RATE_LIMIT_EXCEEDED with the time until Check lets the address in again.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "core/base/address_rates.h"

namespace tocsin {

class FailureLimiter {
 public:
  // A program with a wrong token that tries once in 6 s is never refused for it, and one that has
  // just been given a wrong token has 20 tries.
  static constexpr AddressRate kRate = {.per_second = 10.0 / 60, .burst = 20};

  explicit FailureLimiter(Clock& clock, CidrList exempt = {}, const AddressRate& rate = kRate)
      : failures_left_(clock, rate, std::move(exempt)) {}

  // Before a token of that client is verified.
  absl::Status Check(const IpAddress& client);
  // A token of that client was refused.
  void Failed(const IpAddress& client);

  uint64_t failures() const { return failures_.load(std::memory_order_relaxed); }
  // By Check.
  uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }
  size_t addresses() const { return failures_left_.addresses(); }

 private:
  AddressRates failures_left_;
  std::atomic<uint64_t> failures_{0};
  std::atomic<uint64_t> refused_{0};
};

}  // namespace tocsin
