#include <gtest/gtest.h>

#include "core/auth/failure_limiter.h"
#include "core/event/error.h"

namespace tocsin {
namespace {

IpAddress At(std::string_view text) { return IpAddress::Parse(text).value(); }

void Fail(FailureLimiter& limiter, const IpAddress& client, int times) {
  for (int i = 0; i < times; ++i) {
    limiter.Failed(client);
  }
}

TEST(FailureLimiterTest, AfterTheBurstAnAddressWaitsAsLongAsItIsTold) {
  ManualClock clock;
  FailureLimiter limiter(clock);
  const IpAddress client = At("192.0.2.1");
  Fail(limiter, client, 19);
  EXPECT_TRUE(limiter.Check(client).ok());
  limiter.Failed(client);
  const absl::Status refused = limiter.Check(client);
  EXPECT_EQ(ErrorCodeOf(refused), ErrorCode::kRateLimitExceeded);
  const absl::Duration wait = ErrorDetailsOf(refused).retry_after;
  EXPECT_GT(wait, absl::Seconds(5.9));
  EXPECT_LT(wait, absl::Seconds(6.1));
  clock.Advance(wait - absl::Milliseconds(10));
  EXPECT_FALSE(limiter.Check(client).ok());
  clock.Advance(absl::Milliseconds(11));
  EXPECT_TRUE(limiter.Check(client).ok());
  limiter.Failed(client);
  EXPECT_FALSE(limiter.Check(client).ok());
  EXPECT_EQ(limiter.refused(), 3u);
  EXPECT_EQ(limiter.failures(), 21u);
}

TEST(FailureLimiterTest, FailuresThatCameTogetherCostNoMoreThanTheBurst) {
  ManualClock clock;
  FailureLimiter limiter(clock);
  Fail(limiter, At("192.0.2.1"), 1'000);
  clock.Advance(absl::Seconds(6.1));
  EXPECT_TRUE(limiter.Check(At("192.0.2.1")).ok());
}

TEST(FailureLimiterTest, OthersAreLetIn) {
  ManualClock clock;
  FailureLimiter limiter(clock, CidrList::Parse({"10.0.0.0/8"}, "-").value());
  for (const char* text : {"192.0.2.1", "2001:db8::1", "127.0.0.1", "::1", "10.0.0.1"}) {
    Fail(limiter, At(text), 100);
  }
  EXPECT_FALSE(limiter.Check(At("192.0.2.1")).ok());
  EXPECT_TRUE(limiter.Check(At("192.0.2.2")).ok());
  EXPECT_FALSE(limiter.Check(At("2001:db8::2")).ok());  // of the same /64
  EXPECT_TRUE(limiter.Check(At("2001:db8:0:1::1")).ok());
  for (const char* text : {"127.0.0.1", "::1", "10.0.0.1"}) {
    EXPECT_TRUE(limiter.Check(At(text)).ok()) << text;
  }
  EXPECT_EQ(limiter.addresses(), 2u);
}

TEST(FailureLimiterTest, TheTableIsBoundedAndTheOldestGoesFirst) {
  ManualClock clock;
  FailureLimiter limiter(clock, {}, {.per_second = 1.0 / 6, .burst = 20, .most_addresses = 3});
  Fail(limiter, At("192.0.2.1"), 20);
  Fail(limiter, At("192.0.2.2"), 20);
  Fail(limiter, At("192.0.2.3"), 20);
  Fail(limiter, At("192.0.2.1"), 1);  // has failed again
  Fail(limiter, At("192.0.2.4"), 20);
  EXPECT_EQ(limiter.addresses(), 3u);
  EXPECT_FALSE(limiter.Check(At("192.0.2.1")).ok());
  EXPECT_TRUE(limiter.Check(At("192.0.2.2")).ok());
  EXPECT_FALSE(limiter.Check(At("192.0.2.4")).ok());
}

TEST(FailureLimiterTest, OneThatHasAllItsFailuresBackIsForgotten) {
  ManualClock clock;
  FailureLimiter limiter(clock);
  Fail(limiter, At("192.0.2.1"), 20);
  Fail(limiter, At("192.0.2.2"), 1);
  clock.Advance(absl::Seconds(121));
  limiter.Failed(At("192.0.2.3"));
  EXPECT_EQ(limiter.addresses(), 1u);
}

}  // namespace
}  // namespace tocsin
