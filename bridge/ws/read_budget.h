// read_budget.h: how fast one WebSocket is read. A client that sends more than that waits, and costs
// the others on its thread no time.
//
// Shape:   everything that is read has a price: a message, a control frame, a piece of a message,
//          and bytes. A client that keeps to the rate of messages, all as long as they may be, has
//          enough for them. Messages over that rate are still read and refused, so far as the
//          budget goes. What it has not is read later, a part at a time.
// Threads: one. Times are monotonic.
// Source:  docs/protocol.md, section 8.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace tocsin::bridge::ws {

class ReadBudget {
 public:
  // A client may send more than is read for so long before its session ends. kPause without having
  // to wait begins the time anew.
  static constexpr absl::Duration kOverFor = absl::Seconds(10);
  static constexpr absl::Duration kPause = absl::Seconds(1);

  // A unit is about 2 µs of work: a refused message is parsed, and answered in some 300 bytes; a
  // ping is answered; a piece of a message is only copied.
  static constexpr double kMessage = 5;
  static constexpr double kControlFrame = 1;
  static constexpr double kFrame = 0.05;
  static constexpr double kBytes = 1.0 / 4'096;

  ReadBudget(size_t messages_per_second, size_t burst, size_t max_message_bytes,
             absl::Duration now);

  // What has been read may cost more than there was; then the next wait is longer.
  void Spend(double units) { units_ -= units; }
  // False when the client has to wait.
  bool Allows(absl::Duration now);
  // It has had to wait again and again, for kOverFor.
  bool OverForTooLong() const { return waited_ && waits_last_ - waits_since_ >= kOverFor; }

 private:
  const double per_second_;
  const double burst_;
  double units_;
  absl::Duration filled_;
  absl::Duration waits_since_ = absl::ZeroDuration();
  absl::Duration waits_last_ = absl::ZeroDuration();
  bool waited_ = false;
};

}  // namespace tocsin::bridge::ws
