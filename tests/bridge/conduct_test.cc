#include "bridge/ws/conduct.h"

#include <gtest/gtest.h>

namespace tocsin::bridge::ws {
namespace {

using Rate = Conduct::Rate;

constexpr absl::Duration kStart = absl::Seconds(1'000);

TEST(ConductTest, ABurstIsWithinTheRateAndWhatFollowsIsNot) {
  Conduct conduct(10, 20, kStart);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(conduct.Take(kStart), Rate::kWithin);
  }
  EXPECT_EQ(conduct.Take(kStart), Rate::kOver);
  const absl::Duration wait = conduct.WaitFor(kStart);
  EXPECT_GT(wait, absl::ZeroDuration());
  EXPECT_EQ(conduct.Take(kStart + wait), Rate::kWithin);
}

TEST(ConductTest, OverTheRateWithoutAPauseIsTooLongAfterTenSeconds) {
  Conduct conduct(1, 1, kStart);
  Rate last = Rate::kWithin;
  absl::Duration now = kStart;
  for (; last != Rate::kOverForTooLong && now < kStart + absl::Minutes(1);
       now += absl::Milliseconds(200)) {
    last = conduct.Take(now);
  }
  EXPECT_GE(now - kStart, Conduct::kOverRateFor);
  EXPECT_LT(now - kStart, Conduct::kOverRateFor + absl::Seconds(2));
}

TEST(ConductTest, APauseEndsTheSpell) {
  Conduct conduct(1, 1, kStart);
  absl::Duration now = kStart;
  for (int spell = 0; spell < 5; ++spell) {
    for (int i = 0; i < 45; ++i, now += absl::Milliseconds(200)) {
      EXPECT_NE(conduct.Take(now), Rate::kOverForTooLong);
    }
    now += absl::Milliseconds(1'500);
  }
}

TEST(ConductTest, TenBadMessagesWithinAMinuteAreTooMany) {
  Conduct conduct(100, 200, kStart);
  for (int minute = 0; minute < 3; ++minute) {
    for (int i = 0; i < 9; ++i) {
      EXPECT_FALSE(conduct.CountBad(kStart + absl::Minutes(minute)));
    }
  }
  EXPECT_TRUE(conduct.CountBad(kStart + absl::Minutes(2) + absl::Seconds(59)));
}

}  // namespace
}  // namespace tocsin::bridge::ws
