// reset_guard.h: finds the connections whose calls are reset as they come.
//
// Shape:   a client that opens calls and resets them before their request has come (HTTP/2 rapid
//          reset) makes the hub work and waits for nothing. gRPC 1.51 lets it. Honest clients reset
//          a call now and then, when a deadline is over or a program ends; a connection that does it
//          kPerSecond times a second, after the first kBurst, is told to `drop`.
// Threads: safe; one leaf mutex, under which `drop` is not called.
// Owns:    a count for each connection with resets.
// Bounds:  kPeers entries of some 100 bytes. When there are more, those are forgotten whose bucket is
//          full again; if that is none, all.
// Source:  CVE-2023-44487.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/base/token_bucket.h"

namespace tocsin::hub {

class ResetGuard {
 public:
  static constexpr double kPerSecond = 20;
  static constexpr double kBurst = 200;
  static constexpr size_t kPeers = 4'096;

  // `drop` is given the connection's name as gRPC has it, "ipv4:192.0.2.1:4711".
  ResetGuard(Clock& clock, std::function<void(const std::string&)> drop)
      : clock_(clock), drop_(std::move(drop)) {}

  // A call of that connection has ended before its request came.
  void OnReset(const std::string& peer);
  // Connections that were told to `drop`.
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  bool TooMany(const std::string& peer);

  Clock& clock_;
  const std::function<void(const std::string&)> drop_;
  Mutex mutex_;
  absl::flat_hash_map<std::string, TokenBucket> left_ ABSL_GUARDED_BY(mutex_);
  std::atomic<uint64_t> dropped_{0};
};

}  // namespace tocsin::hub
