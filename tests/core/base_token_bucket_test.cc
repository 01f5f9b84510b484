#include <gtest/gtest.h>

#include "core/base/token_bucket.h"

namespace tocsin {
namespace {

int TakeAll(TokenBucket& bucket, absl::Duration now) {
  int taken = 0;
  while (bucket.Take(now)) ++taken;
  return taken;
}

TEST(TokenBucketTest, LetsTheBurstThroughAtOnce) {
  TokenBucket bucket(100, 200, absl::ZeroDuration());
  EXPECT_EQ(TakeAll(bucket, absl::ZeroDuration()), 200);
}

TEST(TokenBucketTest, RefillsAtTheRate) {
  TokenBucket bucket(100, 200, absl::ZeroDuration());
  TakeAll(bucket, absl::ZeroDuration());
  EXPECT_EQ(TakeAll(bucket, absl::Milliseconds(500)), 50);
  EXPECT_EQ(TakeAll(bucket, absl::Milliseconds(505)), 0);
  EXPECT_EQ(TakeAll(bucket, absl::Milliseconds(510)), 1);
}

TEST(TokenBucketTest, NeverHoldsMoreThanTheBurst) {
  TokenBucket bucket(100, 200, absl::ZeroDuration());
  EXPECT_EQ(TakeAll(bucket, absl::Hours(10)), 200);
}

TEST(TokenBucketTest, TimeThatStandsStillOrGoesBackGivesNothing) {
  TokenBucket bucket(100, 2, absl::Seconds(5));
  TakeAll(bucket, absl::Seconds(5));
  EXPECT_FALSE(bucket.Take(absl::Seconds(1)));
  EXPECT_FALSE(bucket.Take(absl::Seconds(5)));
}

TEST(TokenBucketTest, ARefusedTakeCostsNothing) {
  TokenBucket bucket(1, 10, absl::ZeroDuration());
  EXPECT_FALSE(bucket.Take(absl::ZeroDuration(), 11));
  EXPECT_TRUE(bucket.Take(absl::ZeroDuration(), 10));
}

TEST(TokenBucketTest, WaitForIsLongEnoughAndHardlyLonger) {
  TokenBucket bucket(3, 1, absl::ZeroDuration());
  EXPECT_EQ(bucket.WaitFor(absl::ZeroDuration()), absl::ZeroDuration());
  ASSERT_TRUE(bucket.Take(absl::ZeroDuration()));
  const absl::Duration wait = bucket.WaitFor(absl::ZeroDuration());
  EXPECT_LT(wait, absl::Milliseconds(334));
  EXPECT_FALSE(bucket.Take(wait - absl::Milliseconds(1)));
  EXPECT_TRUE(bucket.Take(wait));
}

}  // namespace
}  // namespace tocsin
