#include "hub/checked_clock.h"

#include <algorithm>

#include "core/base/log.h"

namespace tocsin::hub {
namespace {

bool Agree(absl::Time a, absl::Time b) { return absl::AbsDuration(a - b) <= kClockJump; }

}  // namespace

void CheckedClock::Begin(absl::Time newest) {
  if (newest - trusted_.wall > kClockJump) {
    trusted_.wall = newest;
  }
}

absl::Time CheckedClock::Now() {
  const Reading now = Read();
  if (!Agree(now.wall, trusted_.At(now.machine))) {
    return Jumped(now);
  }
  if (jumped_) {
    LogWarning("the wall clock is right again");
    jumped_.reset();
  }
  trusted_ = now;
  return now.wall;
}

absl::Time CheckedClock::Jumped(const Reading& now) {
  const absl::Time expected = trusted_.At(now.machine);
  if (!jumped_ || !Agree(now.wall, jumped_->At(now.machine))) {
    LogWarning(
        "the wall clock jumped; the time before it goes on until the clock is right again, "
        "or has gone on from there for some minutes",
        {{"by", absl::FormatDuration(now.wall - expected)},
         {"minutes", absl::ToInt64Minutes(kClockAgreement)}});
    jumped_ = now;
    return expected;
  }
  if (now.machine - jumped_->machine < kClockAgreement) {
    return expected;
  }
  LogWarning("the wall clock was set: its new time is followed",
             {{"by", absl::FormatDuration(now.wall - expected)}});
  jumped_.reset();
  trusted_ = now;
  return now.wall;
}

absl::Time NextEventTime(absl::Time newest, absl::Time now) {
  return newest - now > kClockJump ? now : std::max(newest, now);
}

}  // namespace tocsin::hub
