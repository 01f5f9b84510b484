// checked_clock.h: the time that the hub goes by: the wall clock, for as long as it moves as fast
// as the machine's own clock.
//
// Shape:   a wall clock that jumps is not followed at once. The time before the jump goes on, by
//          the machine's own clock, until the wall clock is back, or has agreed with itself for
//          kClockAgreement: then it was set, and is followed. So a wrong date that lasts a moment
//          gives no event its time, ends no alert, and lets retention drop nothing.
// Threads: not thread-safe; the sequencer's.
// Owns:    nothing; the clock is the caller's and outlives it.
// Errors:  a jump, its end, and that the new time is followed are told in the log, as warnings.
#pragma once

#include <optional>

#include "absl/time/time.h"
#include "core/base/clock.h"

namespace tocsin::hub {

// A wall clock that is corrected in smaller steps is simply followed.
inline constexpr absl::Duration kClockJump = absl::Minutes(2);
// Longer than a wrong date lasts that is put right by the next answer of a time server.
inline constexpr absl::Duration kClockAgreement = absl::Minutes(10);

class CheckedClock {
 public:
  explicit CheckedClock(Clock& clock) : clock_(clock), trusted_(Read()) {}

  // Says that the log has an event of this time. A wall clock that is behind it has jumped.
  void Begin(absl::Time newest);
  absl::Time Now();
  absl::Duration Monotonic() const { return clock_.Monotonic(); }

 private:
  struct Reading {
    absl::Time wall;
    absl::Duration machine;

    // What the wall clock says when the machine's own clock says `later`, if neither jumps.
    absl::Time At(absl::Duration later) const { return wall + (later - machine); }
  };
  Reading Read() const { return {clock_.Now(), clock_.Monotonic()}; }
  absl::Time Jumped(const Reading& now);

  Clock& clock_;
  Reading trusted_;
  std::optional<Reading> jumped_;  // the first reading since the wall clock jumped
};

// The time of the next event: not before `newest`, the time of the one before it; unless that is so
// far ahead that it was given by a wall clock which was wrong.
absl::Time NextEventTime(absl::Time newest, absl::Time now);

}  // namespace tocsin::hub
