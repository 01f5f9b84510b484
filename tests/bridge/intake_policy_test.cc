#include "bridge/upstream/intake_policy.h"

#include <gtest/gtest.h>

namespace tocsin::bridge {
namespace {

constexpr absl::Duration kPeriod = absl::Seconds(10);
constexpr size_t kEnough = 1'000;

class IntakePolicyTest : public ::testing::Test {
 protected:
  IntakePolicyTest() {
    v1::Filter filter;
    filter.add_sources("cpu");
    needs.Add(Filter::Compile(filter).value());
  }
  // A period in which so many came and were delivered.
  bool AfterPeriod(IntakePolicy& asked, size_t came, uint64_t handed_out) {
    asked.Received(came);
    delivered += handed_out;
    clock.Advance(kPeriod);
    return asked.ShouldNarrow();
  }

  ManualClock clock;
  FilterNeeds needs;
  uint64_t delivered = 0;
  IntakePolicy policy{needs, clock, kPeriod, [this] { return delivered; }};
};

TEST_F(IntakePolicyTest, NarrowsWhereFewerThanOneInFiveIsDelivered) {
  EXPECT_FALSE(AfterPeriod(policy, kEnough, kEnough / 5));
  EXPECT_TRUE(AfterPeriod(policy, kEnough, kEnough / 5 - 1));
}

TEST_F(IntakePolicyTest, LooksAtAWholePeriodAndAtNothingFromBeforeIt) {
  policy.Received(kEnough);
  clock.Advance(kPeriod - absl::Milliseconds(1));
  EXPECT_FALSE(policy.ShouldNarrow());
  policy.Restart();
  EXPECT_FALSE(AfterPeriod(policy, 1, 0));
}

TEST_F(IntakePolicyTest, AHubThatSendsLittleIsLeftAlone) {
  EXPECT_FALSE(AfterPeriod(policy, 10 * IntakePolicy::kFewEventsPerSecond, 0));
  EXPECT_TRUE(AfterPeriod(policy, 10 * IntakePolicy::kFewEventsPerSecond + 1, 0));
}

TEST_F(IntakePolicyTest, DoesNotAskForWhatItHas) {
  needs.TakeHull();
  EXPECT_FALSE(AfterPeriod(policy, kEnough, 0));
  needs.Add(Filter::MatchAll());
  needs.TakeEverything();
  EXPECT_FALSE(AfterPeriod(policy, kEnough, 0));
}

TEST_F(IntakePolicyTest, ZeroMeansNever) {
  IntakePolicy never(needs, clock, absl::ZeroDuration(), [] { return 0; });
  EXPECT_FALSE(AfterPeriod(never, kEnough, 0));
}

}  // namespace
}  // namespace tocsin::bridge
