#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "core/auth/subject_limits.h"
#include "core/event/error.h"

namespace tocsin {
namespace {

constexpr std::array kAll = {Held::kConnection, Held::kSubscription, Held::kReplay,
                             Held::kSnapshot};

Subject Named(std::string name, std::string issuer = "") {
  Subject subject;
  subject.name = std::move(name);
  subject.issuer = std::move(issuer);
  return subject;
}

TEST(SubjectLimitsTest, EachKindHasItsBoundAndItsErrorOverAllShares) {
  ManualClock clock;
  SubjectLimits limits(clock, {.connections = 1, .subscriptions = 2, .replays = 1, .snapshots = 1});
  const Subject alice = Named("alice");
  SubjectLimits::Share one = limits.Open(alice, {Held::kConnection, Held::kSubscription}).value();
  SubjectLimits::Share two = limits.Open(alice, {Held::kSubscription, Held::kReplay}).value();
  EXPECT_TRUE(one.Take(Held::kSnapshot).ok());
  const auto error_of = [&](Held kind, absl::Duration retry_after) {
    const absl::Status status = two.Take(kind);
    EXPECT_EQ(ErrorDetailsOf(status).retry_after, retry_after);
    EXPECT_EQ(ErrorCodeOf(limits.Check(alice, kind)), ErrorCodeOf(status));
    return ErrorCodeOf(status);
  };
  EXPECT_EQ(error_of(Held::kConnection, absl::Seconds(5)), ErrorCode::kRateLimitExceeded);
  EXPECT_EQ(error_of(Held::kSubscription, absl::Seconds(5)), ErrorCode::kSubscriptionLimitExceeded);
  EXPECT_EQ(error_of(Held::kReplay, absl::Seconds(1)), ErrorCode::kRateLimitExceeded);
  EXPECT_EQ(error_of(Held::kSnapshot, absl::Seconds(1)), ErrorCode::kRateLimitExceeded);
  EXPECT_EQ(limits.refused(), (std::array<uint64_t, 5>{2, 2, 2, 2, 0}));
}

TEST(SubjectLimitsTest, WhatIsGivenBackMayBeTakenAgain) {
  ManualClock clock;
  SubjectLimits limits(clock, {.connections = 1, .subscriptions = 2, .replays = 1, .snapshots = 1});
  const Subject alice = Named("alice");
  SubjectLimits::Share share;
  for (int i = 0; i < 3; ++i) {
    share = SubjectLimits::Share();
    share = limits.Open(alice, {Held::kConnection}).value();
    for (int j = 0; j < 3; ++j) {
      for (const Held kind : kAll) {
        EXPECT_EQ(share.Take(kind).ok(), kind != Held::kConnection);
      }
      EXPECT_TRUE(share.Take(Held::kSubscription).ok());
      share.KeepAtMost(Held::kSubscription, 2);  // as many as there are
      EXPECT_FALSE(share.Take(Held::kSubscription).ok());
      for (const Held kind : {Held::kSubscription, Held::kReplay, Held::kSnapshot}) {
        share.KeepAtMost(kind, 0);
      }
    }
  }
}

// Open takes all or nothing.
TEST(SubjectLimitsTest, AShareThatIsRefusedHoldsNothing) {
  ManualClock clock;
  SubjectLimits limits(clock, {.connections = 1, .subscriptions = 1});
  const Subject alice = Named("alice");
  SubjectLimits::Share first = limits.Open(alice, {Held::kSubscription}).value();
  EXPECT_FALSE(limits.Open(alice, {Held::kConnection, Held::kSubscription}).ok());
  EXPECT_TRUE(limits.Open(alice, {Held::kConnection}).ok());
}

TEST(SubjectLimitsTest, OthersHaveTheirOwnAndNobodyHasNone) {
  ManualClock clock;
  SubjectLimits limits(clock, {.connections = 1, .publishes = 1, .uncounted = {"bridge"}});
  const Subject alice = Named("alice");
  const auto held = limits.Open(alice, {Held::kConnection});
  const Subject bob = Named("bob");
  const Subject other_alice = Named("alice", "https://other.example.org");
  EXPECT_TRUE(limits.Open(bob, {Held::kConnection}).ok());
  EXPECT_TRUE(limits.Open(other_alice, {Held::kConnection}).ok());
  const Subject bridge = Named("bridge");
  std::vector<SubjectLimits::Share> free;
  for (int i = 0; i < 3; ++i) {
    for (const Subject& each : {*Subject::Anyone(), bridge}) {
      free.push_back(limits.Open(each, {Held::kConnection}).value());
      EXPECT_FALSE(free.back());
      EXPECT_TRUE(free.back().Take(Held::kSnapshot).ok());
      EXPECT_TRUE(limits.Check(each, Held::kConnection).ok());
      for (int j = 0; j < 5; ++j) EXPECT_TRUE(limits.Publish(each).ok());
    }
  }
  EXPECT_FALSE(limits.Open(alice, {Held::kConnection}).ok());
}

TEST(SubjectLimitsTest, ASubjectThatHoldsNothingIsForgotten) {
  ManualClock clock;
  SubjectLimits limits(clock, {}, /*most_subjects=*/2);
  const Subject alice = Named("alice");
  const Subject bob = Named("bob");
  const Subject carol = Named("carol");
  auto one = limits.Open(alice, {Held::kConnection}).value();
  auto two = limits.Open(alice, {Held::kSubscription}).value();
  auto other = limits.Open(bob, {Held::kConnection}).value();
  EXPECT_EQ(limits.subjects(), 2u);
  const auto full = limits.Open(carol, {Held::kConnection});
  EXPECT_EQ(ErrorCodeOf(full.status()), ErrorCode::kRateLimitExceeded);
  EXPECT_EQ(ErrorDetailsOf(full.status()).retry_after, absl::Seconds(5));
  one = SubjectLimits::Share();
  EXPECT_FALSE(limits.Open(carol, {Held::kConnection}).ok());
  {
    SubjectLimits::Share moved = std::move(two);
    EXPECT_FALSE(two);
  }
  EXPECT_EQ(limits.subjects(), 1u);
  EXPECT_TRUE(limits.Open(carol, {Held::kConnection}).ok());
}

TEST(SubjectLimitsTest, PublishesHaveARateAcrossConnections) {
  ManualClock clock;
  SubjectLimits limits(clock, {.publishes = 10});
  const Subject alice = Named("alice");
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(limits.Publish(alice).ok()) << i;
  }
  const absl::Status refused = limits.Publish(alice);
  EXPECT_EQ(ErrorCodeOf(refused), ErrorCode::kRateLimitExceeded);
  const absl::Duration wait = ErrorDetailsOf(refused).retry_after;
  EXPECT_NEAR(absl::ToDoubleSeconds(wait), 0.1, 0.001);
  clock.Advance(wait - absl::Milliseconds(1));
  EXPECT_FALSE(limits.Publish(alice).ok());
  clock.Advance(absl::Milliseconds(1));
  EXPECT_TRUE(limits.Publish(alice).ok());
  EXPECT_TRUE(limits.Publish(Named("bob")).ok());
  EXPECT_EQ(limits.refused()[4], 2u);
}

TEST(SubjectLimitsTest, ARateIsKeptUntilItHasRecovered) {
  ManualClock clock;
  SubjectLimits limits(clock, {.publishes = 1}, /*most_subjects=*/1);
  const Subject alice = Named("alice");
  const Subject bob = Named("bob");
  EXPECT_TRUE(limits.Publish(alice).ok());
  EXPECT_TRUE(limits.Publish(alice).ok());
  EXPECT_TRUE(limits.Open(alice, {Held::kConnection}).ok());  // and closed again
  EXPECT_FALSE(limits.Publish(alice).ok());
  EXPECT_FALSE(limits.Publish(bob).ok());  // the table is full
  clock.Advance(absl::Seconds(2.1));
  EXPECT_TRUE(limits.Publish(bob).ok());
  EXPECT_EQ(limits.subjects(), 1u);
}

TEST(SubjectLimitsTest, NewBoundsHoldForWhatComesNext) {
  ManualClock clock;
  SubjectLimits limits(clock, {.connections = 2});
  const Subject alice = Named("alice");
  SubjectLimits::Share one = limits.Open(alice, {Held::kConnection}).value();
  SubjectLimits::Share two = limits.Open(alice, {Held::kConnection}).value();
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(limits.Publish(alice).ok());
  }
  limits.SetBounds({.connections = 1, .publishes = 1});
  two = SubjectLimits::Share();
  EXPECT_FALSE(limits.Open(alice, {Held::kConnection}).ok());
  EXPECT_TRUE(limits.Publish(alice).ok());
  EXPECT_TRUE(limits.Publish(alice).ok());
  EXPECT_FALSE(limits.Publish(alice).ok());
  limits.SetBounds({.connections = 2});
  EXPECT_TRUE(limits.Open(alice, {Held::kConnection}).ok());
  EXPECT_TRUE(limits.Publish(alice).ok());
}

}  // namespace
}  // namespace tocsin
