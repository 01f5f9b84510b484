// The load: when its events are due, how many may be under way, what becomes of them.
#include <gtest/gtest.h>

#include <deque>

#include "cli/bench/in_flight.h"
#include "cli/bench/load.h"
#include "cli/bench/pacer.h"

namespace tocsin::cli::bench {
namespace {

TEST(PacerTest, BatchesAreDueEvenlyFromTheStart) {
  ManualClock clock;
  clock.Advance(absl::Seconds(5));
  const Pacer pacer(4, clock.Monotonic());
  EXPECT_EQ(pacer.DueOf(0), absl::Seconds(5));
  EXPECT_EQ(pacer.DueOf(1), absl::Milliseconds(5250));
  EXPECT_EQ(pacer.DueOf(4), absl::Seconds(6));
  EXPECT_EQ(pacer.DueBefore(clock.Monotonic()), 0u);
  clock.Advance(absl::Milliseconds(1));
  EXPECT_EQ(pacer.DueBefore(clock.Monotonic()), 1u);
  clock.Advance(absl::Milliseconds(999));
  EXPECT_EQ(pacer.DueBefore(clock.Monotonic()), 4u);
}

TEST(PacerTest, NoErrorAddsUpOverADay) {
  const Pacer pacer(3, absl::ZeroDuration());
  const uint64_t day = 3 * 24 * 3600;
  EXPECT_NEAR(absl::ToDoubleSeconds(pacer.DueOf(day)), 24 * 3600, 1e-6);
  for (uint64_t number = 0; number < day; number += 997) {
    ASSERT_EQ(pacer.DueBefore(pacer.DueOf(number)), number);
    ASSERT_EQ(pacer.DueBefore(pacer.DueOf(number) + absl::Nanoseconds(1)), number + 1);
  }
}

class InFlightTest : public ::testing::Test {
 protected:
  // Without waiting: the end is now.
  bool Try(InFlight& in_flight, uint64_t events) {
    return in_flight.Acquire(events, clock_.Monotonic());
  }
  ManualClock clock_;
};

TEST_F(InFlightTest, NoMoreThanTheMostAreUnderWay) {
  InFlight in_flight(3, 1, clock_);
  EXPECT_TRUE(Try(in_flight, 2));
  EXPECT_FALSE(Try(in_flight, 2));
  EXPECT_TRUE(Try(in_flight, 1));
  EXPECT_FALSE(Try(in_flight, 1));
  in_flight.Release(1);
  EXPECT_TRUE(Try(in_flight, 1));
  EXPECT_EQ(in_flight.events(), 3u);
}

TEST_F(InFlightTest, AnEventIsUnderWayUntilEveryReceiverHasIt) {
  InFlight in_flight(1, 3, clock_);
  EXPECT_TRUE(Try(in_flight, 1));
  in_flight.Release(2);
  EXPECT_FALSE(Try(in_flight, 1));
  in_flight.Release(1);
  EXPECT_TRUE(Try(in_flight, 1));
}

TEST_F(InFlightTest, AReceiverThatLeftHoldsNothingBack) {
  InFlight in_flight(2, 2, clock_);
  EXPECT_TRUE(Try(in_flight, 2));
  in_flight.Release(2);  // the first has both
  EXPECT_FALSE(Try(in_flight, 2));
  in_flight.ReceiverLeft(0);  // the second has gone without
  EXPECT_TRUE(Try(in_flight, 2));
  EXPECT_FALSE(Try(in_flight, 1));
  in_flight.Release(2);
  EXPECT_TRUE(Try(in_flight, 2));
}

TEST_F(InFlightTest, WhatWasRefusedIsNoLongerUnderWay) {
  InFlight in_flight(2, 5, clock_);
  EXPECT_TRUE(Try(in_flight, 2));
  in_flight.GiveUp(2);
  EXPECT_EQ(in_flight.events(), 0u);
  EXPECT_TRUE(Try(in_flight, 2));
}

TEST_F(InFlightTest, StoppedItLetsNothingThrough) {
  InFlight in_flight(10, 1, clock_);
  in_flight.Stop();
  EXPECT_FALSE(Try(in_flight, 1));
  EXPECT_FALSE(in_flight.SleepUntil(clock_.Monotonic() + absl::Hours(1)));
}

// Answers at once, or never, and notes what it was given.
class FakeSender : public Sender {
 public:
  FakeSender(InFlight& in_flight, PublishTally& tally, std::deque<Batch>& sent, bool answers)
      : in_flight_(in_flight), tally_(tally), sent_(sent), answers_(answers) {}
  bool Send(const Batch& batch) override {
    sent_.push_back(batch);
    if (!answers_) return true;
    tally_.Acknowledged(batch, Clock::Real().Monotonic());
    in_flight_.Release(batch.events);
    return true;
  }
  void Drain() override {}
  void Cancel() override {}
  grpc::Status status() override { return grpc::Status::OK; }

 private:
  InFlight& in_flight_;
  PublishTally& tally_;
  std::deque<Batch>& sent_;
  const bool answers_;
};

class LoadTest : public ::testing::Test {
 protected:
  PublishFigures Run(const LoadOptions& options, uint64_t in_flight, bool answers = true) {
    InFlight window(in_flight, 1, Clock::Real());
    PublishTally tally(100);
    Load load(options, window, tally, Clock::Real());
    load.Start(std::make_unique<FakeSender>(window, tally, sent_, answers));
    EXPECT_TRUE(load.Wait(absl::Seconds(60)));
    EXPECT_TRUE(load.Join().ok());
    return tally.Figures();
  }
  std::deque<Batch> sent_;
};

TEST_F(LoadTest, ByCountTheLastBatchIsWhatIsLeft) {
  const PublishFigures figures = Run({.batch = 4, .events = 10, .duration = absl::Hours(1)}, 8);
  ASSERT_EQ(sent_.size(), 3u);
  EXPECT_EQ(sent_[1].first, 4u);
  EXPECT_EQ(sent_[2].first, 8u);
  EXPECT_EQ(sent_[2].events, 2u);
  EXPECT_EQ(figures.acknowledged, 10u);
  EXPECT_EQ(figures.bytes, 1000u);
  EXPECT_EQ(figures.unanswered(), 0u);
}

TEST_F(LoadTest, AClosedLoopStopsWhereNothingIsAnswered) {
  const PublishFigures figures = Run({.duration = absl::Milliseconds(50)}, 7, false);
  EXPECT_EQ(figures.sent, 7u);
  EXPECT_EQ(figures.unanswered(), 7u);
}

TEST_F(LoadTest, AnOpenLoopSendsWhatIsDueAndSaysWhatItCouldNot) {
  PublishFigures figures = Run({.rate = 1000, .duration = absl::Milliseconds(200)}, 1000);
  EXPECT_EQ(figures.due, 200u);
  // Stamped with when they were due, not with when they were sent.
  for (size_t i = 1; i < sent_.size(); ++i) {
    EXPECT_NEAR(absl::ToDoubleMicroseconds(sent_[i].due - sent_[i - 1].due), 1000, 1);
  }
  figures = Run({.rate = 1000, .duration = absl::Milliseconds(200)}, 5, false);
  EXPECT_EQ(figures.sent, 5u);
  EXPECT_EQ(figures.due, 200u);
}

TEST_F(LoadTest, LatencyOfAnOpenLoopCountsTheWaitForRoom) {
  InFlight window(1, 1, Clock::Real());
  PublishTally tally(100);
  // One is under way that nobody answers until the load has long been due.
  ASSERT_TRUE(window.Acquire(1, Clock::Real().Monotonic()));
  Load load({.rate = 1000, .events = 1, .duration = absl::Hours(1)}, window, tally, Clock::Real());
  load.Start(std::make_unique<FakeSender>(window, tally, sent_, true));
  EXPECT_FALSE(load.Wait(absl::Milliseconds(50)));
  window.Release(1);
  EXPECT_TRUE(load.Wait(absl::Seconds(60)));
  // Its thread began some time after the wait.
  EXPECT_GE(tally.Figures().latency.Max(), absl::Milliseconds(25));
}

}  // namespace
}  // namespace tocsin::cli::bench
