#include <gtest/gtest.h>

#include <algorithm>

#include "core/base/backoff.h"

namespace tocsin {
namespace {

constexpr absl::Duration kFirst = absl::Milliseconds(100);
constexpr absl::Duration kLast = absl::Seconds(2);

TEST(BackoffTest, StaysBelowAStepThatDoublesUpToABound) {
  Backoff backoff(kFirst, kLast);
  for (absl::Duration step = kFirst; step < kLast; step *= 2) {
    const absl::Duration wait = backoff.Next();
    EXPECT_GE(wait, absl::ZeroDuration());
    EXPECT_LE(wait, step);
  }
  for (int i = 0; i < 100; ++i) EXPECT_LE(backoff.Next(), kLast);
  backoff.Reset();
  EXPECT_LE(backoff.Next(), kFirst);
}

// A thousand clients that lose one hub come back all over the second, not at its end.
TEST(BackoffTest, TheWaitsSpreadOverTheWholeStep) {
  int early = 0;
  int late = 0;
  for (int i = 0; i < 1'000; ++i) {
    const absl::Duration wait = Backoff(kLast, kLast).Next();
    early += wait < kLast / 4 ? 1 : 0;
    late += wait > 3 * kLast / 4 ? 1 : 0;
  }
  EXPECT_GT(early, 150);
  EXPECT_GT(late, 150);
}

}  // namespace
}  // namespace tocsin
