// liveness.h: whether a session's peer is still there: when to ping it, and when to give it up.
//
// Shape:   time in which this program did not run (it was stopped, or its machine suspended) does
//          not count as the peer's silence, because the peer's answers may be waiting unread.
// Threads: one. Times are monotonic.
// Source:  docs/protocol.md, section 5.
#pragma once

#include <cstdint>

#include "absl/time/time.h"

namespace tocsin::bridge::ws {

class Liveness {
 public:
  enum class Verdict : uint8_t {
    kAlive,
    kPingDue,  // returned once in each interval
    kSilent,   // nothing came for two intervals, although the peer was pinged
    kIdle,     // no message, pong or ack came for the session's timeout
  };

  // When two calls of Look are further apart than this, the program did not run in between.
  static constexpr absl::Duration kStall = absl::Seconds(2);

  Liveness(absl::Duration heartbeat, absl::Duration timeout, absl::Duration now)
      : heartbeat_(heartbeat),
        timeout_(timeout),
        started_(now),
        heard_(now),
        active_(now),
        ping_due_(now + heartbeat),
        looked_(now) {}

  // Something came from the peer.
  void Heard(absl::Duration now) { heard_ = now; }
  // A message, a pong or an ack came from the peer.
  void Active(absl::Duration now) { heard_ = active_ = now; }
  // To be called about every second, or more often.
  Verdict Look(absl::Duration now);

  absl::Duration started() const { return started_; }
  absl::Duration heard() const { return heard_; }

 private:
  absl::Duration heartbeat_;
  absl::Duration timeout_;
  absl::Duration started_;
  absl::Duration heard_;
  absl::Duration active_;
  absl::Duration ping_due_;
  absl::Duration looked_;
};

}  // namespace tocsin::bridge::ws
