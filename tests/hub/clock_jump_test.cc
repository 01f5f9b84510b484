// A wall clock that jumps, under a sequencer with retention by age.
#include <gtest/gtest.h>

#include "core/event/time_proto.h"
#include "tests/hub/alert_fixture.h"
#include "tests/hub/hub_fixtures.h"

namespace tocsin::hub {
namespace {

constexpr absl::Duration kDay = absl::Hours(24);
constexpr absl::Duration kCentury = absl::Hours(24 * 36'500);

// Its wall clock may be set without any time passing.
class SettableClock : public ManualClock {
 public:
  using ManualClock::ManualClock;
  absl::Time Now() override { return ManualClock::Now() + set_by; }

  absl::Duration set_by;
};

class ClockJumpTest : public testing::Test {
 protected:
  void Open() {
    SequencerOptions options;
    options.retention.max_age = 7 * kDay;
    sequencer_ = std::make_unique<Sequencer>(log_, window_, clock_, options);
    ASSERT_EQ(sequencer_->Open(), absl::OkStatus());
  }
  void Pass(absl::Duration time) {
    clock_.Advance(time);
    sequencer_->RunOnce();
  }
  // The hub looks at its clock all the time.
  void PassSlowly(absl::Duration time) {
    for (; time > absl::ZeroDuration(); time -= absl::Seconds(10)) Pass(absl::Seconds(10));
  }
  // The time that the hub gives an event which is published now.
  absl::Time Publish() {
    sequencer_->Publish({{SystemEvent("a")}, {}},
                        [](const PublishOutcome& outcome) { ASSERT_TRUE(outcome.ok()); });
    sequencer_->RunOnce();
    return (*log_.Read(log_.extent().latest.sequence - 1, 1, 1)).front()->time;
  }
  uint64_t held() const { return log_.extent().events; }

  SettableClock clock_{kStart};
  MemoryLog log_;
  Window window_{{1000, 1 << 20}};
  std::unique_ptr<Sequencer> sequencer_;
};

// Symptom: a wrong date for a moment, and within five seconds retention had deleted every event;
// later events kept that date. Cause: whatever the wall clock said was believed.
// Why older tests missed it: their clocks move as time does.
TEST_F(ClockJumpTest, AWrongDateForAMomentTakesNoEventsAndDatesNone) {
  Open();
  for (int i = 0; i < 3; ++i) Publish();
  for (const absl::Duration wrong : {30 * kDay, kCentury, -kCentury}) {
    clock_.set_by = wrong;
    PassSlowly(absl::Minutes(5));
    EXPECT_EQ(Publish(), clock_.ManualClock::Now());
    clock_.set_by = absl::ZeroDuration();
    Pass(absl::Seconds(10));
    EXPECT_EQ(Publish(), clock_.Now());
  }
  EXPECT_EQ(held(), 9u);
}

TEST_F(ClockJumpTest, AClockThatJumpsAgainAndAgainIsNotBelieved) {
  Open();
  Publish();
  for (int i = 1; i <= 60; ++i) {
    clock_.set_by = i * 30 * kDay;
    PassSlowly(absl::Minutes(1));
  }
  EXPECT_EQ(Publish(), clock_.ManualClock::Now());
  EXPECT_EQ(held(), 2u);
}

TEST_F(ClockJumpTest, AClockThatWasSetIsFollowedOnceItHasAgreedWithItself) {
  Open();
  Publish();
  clock_.set_by = 30 * kDay;
  PassSlowly(kClockAgreement - absl::Seconds(10));
  EXPECT_EQ(held(), 1u);
  PassSlowly(absl::Minutes(1));
  EXPECT_EQ(Publish(), clock_.Now());
  EXPECT_EQ(held(), 1u) << "the first is older than a week now";
}

TEST_F(ClockJumpTest, SmallStepsAreFollowedAtOnce) {
  Open();
  Publish();
  clock_.set_by = absl::Seconds(90);
  EXPECT_EQ(Publish(), clock_.Now());
  clock_.set_by = absl::ZeroDuration();
  EXPECT_EQ(Publish(), clock_.Now() + absl::Seconds(90)) << "time does not go back by so little";
}

// A log whose newest event has a date that the clock does not reach: which of them is wrong?
TEST_F(ClockJumpTest, AfterAStartTheClockIsBelievedAgainstTheLogAfterAWhile) {
  clock_.set_by = kCentury;
  Open();
  const absl::Time wrong = Publish();
  sequencer_.reset();
  clock_.set_by = absl::ZeroDuration();
  Open();
  PassSlowly(absl::Minutes(1));
  EXPECT_GE(Publish(), wrong);
  PassSlowly(kClockAgreement);
  EXPECT_EQ(Publish(), clock_.Now()) << "the date is not kept for a century";
  EXPECT_EQ(held(), 3u);
  EXPECT_EQ(log_.extent().latest.sequence, 3u);
  PassSlowly(absl::Minutes(1));
  EXPECT_EQ(Publish(), clock_.Now());
}

TEST_F(ClockJumpTest, AWrongDateEndsNoAlert) {
  AlertHub hub(log_, clock_);
  hub.Submit(Until(AlertNamed("a"), clock_.Now() + absl::Hours(1)));
  clock_.set_by = kDay;
  hub.Pass(absl::Minutes(5));
  EXPECT_EQ(hub.sequencer().open_alerts(), 1u);
  clock_.set_by = absl::ZeroDuration();
  hub.Pass(absl::Minutes(56));
  EXPECT_EQ(hub.sequencer().open_alerts(), 0u);
}

}  // namespace
}  // namespace tocsin::hub
