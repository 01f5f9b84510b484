#include <gtest/gtest.h>

#include <vector>

#include "core/auth/subject_limits.h"
#include "core/event/error.h"

namespace tocsin {
namespace {

Subject Named(std::string name, std::string issuer = "") {
  Subject subject;
  subject.name = std::move(name);
  subject.issuer = std::move(issuer);
  return subject;
}

TEST(SubjectLimitsTest, EachKindHasItsBoundAndItsError) {
  ManualClock clock;
  SubjectLimits limits(clock, {.connections = 1, .subscriptions = 2, .replays = 1, .snapshots = 1});
  const Subject alice = Named("alice");
  std::vector<SubjectLimits::Ticket> held;
  for (const Held kind : {Held::kConnection, Held::kSubscription, Held::kSubscription,
                          Held::kReplay, Held::kSnapshot}) {
    held.push_back(limits.Take(kind, alice).value());
  }
  const auto error_of = [&](Held kind) {
    const absl::Status status = limits.Take(kind, alice).status();
    EXPECT_EQ(ErrorDetailsOf(status).retry_after, absl::Seconds(5));
    return ErrorCodeOf(status);
  };
  EXPECT_EQ(error_of(Held::kConnection), ErrorCode::kRateLimitExceeded);
  EXPECT_EQ(error_of(Held::kSubscription), ErrorCode::kSubscriptionLimitExceeded);
  EXPECT_EQ(error_of(Held::kReplay), ErrorCode::kRateLimitExceeded);
  EXPECT_EQ(error_of(Held::kSnapshot), ErrorCode::kRateLimitExceeded);
  EXPECT_EQ(limits.refused(), (std::array<uint64_t, 5>{1, 1, 1, 1, 0}));
  held[1] = SubjectLimits::Ticket();
  EXPECT_TRUE(limits.Take(Held::kSubscription, alice).ok());
}

TEST(SubjectLimitsTest, OthersHaveTheirOwnAndNobodyHasNone) {
  ManualClock clock;
  SubjectLimits limits(clock, {.snapshots = 1});
  const Subject alice = Named("alice");
  const auto held = limits.Take(Held::kSnapshot, alice);
  const Subject bob = Named("bob");
  const Subject other_alice = Named("alice", "https://other.example.org");
  EXPECT_TRUE(limits.Take(Held::kSnapshot, bob).ok());
  EXPECT_TRUE(limits.Take(Held::kSnapshot, other_alice).ok());
  for (int i = 0; i < 3; ++i) {
    const auto nobody = limits.Take(Held::kSnapshot, *Subject::Anyone());
    EXPECT_TRUE(nobody.ok());
    EXPECT_FALSE(*nobody);
  }
  EXPECT_FALSE(limits.Take(Held::kSnapshot, alice).ok());
}

TEST(SubjectLimitsTest, ASubjectThatHoldsNothingIsForgotten) {
  ManualClock clock;
  SubjectLimits limits(clock, {}, /*most_subjects=*/2);
  const Subject alice = Named("alice");
  const Subject bob = Named("bob");
  const Subject carol = Named("carol");
  auto one = limits.Take(Held::kConnection, alice).value();
  auto two = limits.Take(Held::kSubscription, alice).value();
  auto other = limits.Take(Held::kConnection, bob).value();
  EXPECT_EQ(limits.subjects(), 2u);
  const auto full = limits.Take(Held::kConnection, carol);
  EXPECT_EQ(ErrorCodeOf(full.status()), ErrorCode::kRateLimitExceeded);
  one = SubjectLimits::Ticket();
  EXPECT_FALSE(limits.Take(Held::kConnection, carol).ok());
  SubjectLimits::Ticket moved = std::move(two);
  moved = SubjectLimits::Ticket();
  EXPECT_EQ(limits.subjects(), 1u);
  EXPECT_TRUE(limits.Take(Held::kConnection, carol).ok());
}

TEST(SubjectLimitsTest, PublishesHaveARateAcrossConnections) {
  ManualClock clock;
  SubjectLimits limits(clock, {.events_per_second = 10});
  const Subject alice = Named("alice");
  EXPECT_TRUE(limits.Publish(alice, 15).ok());
  EXPECT_TRUE(limits.Publish(alice, 5).ok());
  const absl::Status refused = limits.Publish(alice, 5);
  EXPECT_EQ(ErrorCodeOf(refused), ErrorCode::kRateLimitExceeded);
  const absl::Duration wait = ErrorDetailsOf(refused).retry_after;
  EXPECT_NEAR(absl::ToDoubleSeconds(wait), 0.5, 0.01);
  clock.Advance(wait);
  EXPECT_TRUE(limits.Publish(alice, 5).ok());
  const Subject bob = Named("bob");
  EXPECT_TRUE(limits.Publish(bob, 1'000).ok());  // more than the burst: as the burst
  EXPECT_FALSE(limits.Publish(bob, 1).ok());
  EXPECT_TRUE(limits.Publish(*Subject::Anyone(), 1'000).ok());
}

TEST(SubjectLimitsTest, ARateIsKeptUntilItHasRecovered) {
  ManualClock clock;
  SubjectLimits limits(clock, {.events_per_second = 10}, /*most_subjects=*/1);
  const Subject alice = Named("alice");
  const Subject bob = Named("bob");
  EXPECT_TRUE(limits.Publish(alice, 20).ok());
  limits.Take(Held::kConnection, alice).value() = SubjectLimits::Ticket();
  EXPECT_FALSE(limits.Publish(alice, 1).ok());
  EXPECT_FALSE(limits.Publish(bob, 1).ok());  // the table is full
  clock.Advance(absl::Seconds(2.1));
  EXPECT_TRUE(limits.Publish(bob, 1).ok());
  EXPECT_EQ(limits.subjects(), 1u);
}

TEST(SubjectLimitsTest, WithoutABoundPublishesAreNotCounted) {
  ManualClock clock;
  SubjectLimits limits(clock);
  const Subject alice = Named("alice");
  EXPECT_TRUE(limits.Publish(alice, 1'000'000).ok());
  EXPECT_TRUE(limits.Publish(alice, 1'000'000).ok());
  EXPECT_EQ(limits.subjects(), 0u);
}

}  // namespace
}  // namespace tocsin
