#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "cli/bench/deliveries.h"

namespace tocsin::cli::bench {
namespace {

TEST(SequenceCheckTest, InOrderIsInOrder) {
  SequenceCheck check;
  for (uint64_t i = 0; i < 100; ++i) check.Take(i);
  EXPECT_EQ(check.MissingBelow(100), 0u);
  EXPECT_EQ(check.MissingBelow(103), 3u);
  EXPECT_EQ(check.received(), 100u);
  EXPECT_EQ(check.out_of_order() + check.duplicates(), 0u);
}

TEST(SequenceCheckTest, MissingLateAndTwiceAreToldApart) {
  SequenceCheck check;
  for (const uint64_t number : {0, 1, 5, 3, 3, 5, 6}) check.Take(number);
  EXPECT_EQ(check.MissingBelow(7), 2u);  // 2 and 4
  EXPECT_EQ(check.MissingBelow(4), 1u);
  EXPECT_EQ(check.out_of_order(), 1u);  // the first 3
  EXPECT_EQ(check.duplicates(), 2u);    // the second 3, the second 5
  EXPECT_EQ(check.received(), 5u);
}

TEST(SequenceCheckTest, AgreesWithASetForAnyOrder) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    SequenceCheck check;
    std::set<uint64_t> seen;
    for (int i = 0; i < 60; ++i) {
      const uint64_t number = random() % 80;
      check.Take(number);
      seen.insert(number);
    }
    for (uint64_t end = 0; end <= 90; end += 10) {
      const auto below = std::distance(seen.begin(), seen.lower_bound(end));
      ASSERT_EQ(check.MissingBelow(end), end - static_cast<uint64_t>(below));
    }
    ASSERT_EQ(check.received(), seen.size());
    ASSERT_EQ(check.received() + check.duplicates(), 60u);
  }
}

TEST(SequenceCheckTest, ManyHolesAreCountedInBoundedMemory) {
  SequenceCheck check;
  const uint64_t count = 10 * SequenceCheck::kRanges;
  for (uint64_t i = 0; i < count; ++i) check.Take(2 * i);
  EXPECT_EQ(check.MissingBelow(2 * count), count);
  EXPECT_EQ(check.received(), count);
}

class DeliveriesTest : public ::testing::Test {
 protected:
  Deliveries Make(uint64_t subscribers, bool listening = false) {
    return Deliveries(subscribers, listening, in_flight_, clock_);
  }
  Delivery Numbered(uint64_t number) { return {.stamp = {number, clock_.Monotonic()}}; }
  void Give(Deliveries& deliveries, uint64_t subscriber, uint64_t begin, uint64_t end) {
    for (uint64_t i = begin; i < end; ++i) {
      const Delivery delivery = Numbered(i);
      deliveries.Take(subscriber, {&delivery, 1}, 10);
    }
  }
  ManualClock clock_;
  InFlight in_flight_{1000, 2, clock_};
};

TEST_F(DeliveriesTest, LostIsWhatWasAcknowledgedAndDidNotCome) {
  Deliveries deliveries = Make(2);
  Give(deliveries, 0, 0, 10);
  Give(deliveries, 1, 0, 4);
  Give(deliveries, 1, 5, 9);
  EXPECT_EQ(deliveries.Figures({.answered = 10}).lost, 2u);  // 4 and 9 of the second
  // An event that was never answered is not known to be in the log.
  EXPECT_EQ(deliveries.Figures({.answered = 9}).lost, 1u);
  EXPECT_EQ(deliveries.Figures({.answered = 9}).deliveries, 18u);
  EXPECT_EQ(deliveries.Figures({.answered = 9}).bytes, 180u);
}

TEST_F(DeliveriesTest, WhatWasRefusedIsNotLost) {
  Deliveries deliveries = Make(1);
  Give(deliveries, 0, 0, 3);
  Give(deliveries, 0, 5, 8);
  EXPECT_EQ(deliveries.Figures({.answered = 8, .refused = 2}).lost, 0u);
  EXPECT_EQ(deliveries.Figures({.answered = 8, .refused = 1}).lost, 1u);
}

TEST_F(DeliveriesTest, ASubscriberThatWasCutOffLosesNothingAndIsCounted) {
  Deliveries deliveries = Make(2);
  Give(deliveries, 0, 0, 5);
  Give(deliveries, 1, 0, 2);
  deliveries.Ended(1, {"UNAVAILABLE", 3, "gone"});
  deliveries.Ended(1, {"UNAVAILABLE", 3, "gone"});
  const DeliveryFigures figures = deliveries.Figures({.answered = 5});
  EXPECT_EQ(figures.lost, 0u);
  EXPECT_EQ(figures.disconnected, 1u);
  EXPECT_EQ(figures.errors.at("UNAVAILABLE"), 1u);
  EXPECT_EQ(deliveries.alive(), 1u);
  EXPECT_EQ(deliveries.first_end().text, "gone");
}

TEST_F(DeliveriesTest, AnEndThatWasAskedForIsNoDisconnection) {
  Deliveries deliveries = Make(1);
  deliveries.Closing();
  deliveries.Ended(0, {"CANCELLED", 1, ""});
  EXPECT_EQ(deliveries.Figures({}).disconnected, 0u);
}

TEST_F(DeliveriesTest, LatencyRunsFromTheStamp) {
  Deliveries deliveries = Make(1);
  const Delivery delivery = Numbered(0);
  clock_.Advance(absl::Milliseconds(20));
  deliveries.Take(0, {&delivery, 1}, 1);
  EXPECT_EQ(deliveries.TakeInterval().latency.Max(), absl::Milliseconds(20));
  EXPECT_EQ(deliveries.TakeInterval().deliveries, 0u);
  EXPECT_EQ(deliveries.Figures({}).latency.Max(), absl::Milliseconds(20));
}

TEST_F(DeliveriesTest, ListeningChecksThatSequencesRise) {
  Deliveries deliveries = Make(1, true);
  const absl::Time now = clock_.Now();
  const Delivery events[] = {{.sequence = 5, .accepted = now - absl::Milliseconds(3)},
                             {.sequence = 9, .accepted = now},
                             {.sequence = 9, .accepted = now},
                             {.sequence = 7, .accepted = now + absl::Seconds(1)}};
  deliveries.Take(0, events, 1);
  const DeliveryFigures figures = deliveries.Figures({});
  EXPECT_EQ(figures.out_of_order, 1u);
  EXPECT_EQ(figures.duplicates, 1u);
  EXPECT_EQ(figures.lost, 0u);
  EXPECT_EQ(figures.latency.Max(), absl::Milliseconds(3));
  EXPECT_EQ(figures.latency.Min(), absl::ZeroDuration());
}

TEST_F(DeliveriesTest, WaitsForAllThatWasPublishedAndNoLonger) {
  Deliveries deliveries = Make(2);
  Give(deliveries, 0, 0, 5);
  Give(deliveries, 1, 0, 5);
  EXPECT_TRUE(deliveries.WaitForAll({.answered = 5}, absl::Seconds(1), absl::Seconds(1)));
  Deliveries lacking(1, false, in_flight_, Clock::Real());
  EXPECT_FALSE(lacking.WaitForAll({.answered = 1}, absl::Milliseconds(1), absl::Hours(1)));
}

}  // namespace
}  // namespace tocsin::cli::bench
