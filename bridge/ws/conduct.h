// conduct.h: how a client behaves: the rate of its messages, and how many of them are bad.
//
// Shape:   counts only; the session answers the client and ends itself.
// Threads: one. Times are monotonic.
// Source:  docs/protocol.md, sections 5 and 8.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "core/base/token_bucket.h"

namespace tocsin::bridge::ws {

class Conduct {
 public:
  static constexpr uint32_t kBadMessagesPerMinute = 10;
  // A client may stay over the rate for so long before its session ends. kPause without a message
  // over the rate begins the time anew.
  static constexpr absl::Duration kOverRateFor = absl::Seconds(10);
  static constexpr absl::Duration kPause = absl::Seconds(1);

  Conduct(size_t messages_per_second, size_t burst, absl::Duration now)
      : bucket_(static_cast<double>(messages_per_second), static_cast<double>(burst), now),
        bad_since_(now) {}

  enum class Rate : uint8_t { kWithin, kOver, kOverForTooLong };
  // Counts a message.
  Rate Take(absl::Duration now);
  // How long until the next one is within the rate.
  absl::Duration WaitFor(absl::Duration now);
  // Counts a bad message; true when they are too many within a minute.
  bool CountBad(absl::Duration now);

 private:
  TokenBucket bucket_;
  absl::Duration bad_since_;  // the minute that bad messages are counted in
  absl::Duration over_since_ = -absl::InfiniteDuration();
  absl::Duration over_last_ = -absl::InfiniteDuration();
  uint32_t bad_ = 0;
};

}  // namespace tocsin::bridge::ws
