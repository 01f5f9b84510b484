#include "bridge/ws/read_budget.h"

#include <gtest/gtest.h>

namespace tocsin::bridge::ws {
namespace {

constexpr absl::Duration kStart = absl::Seconds(1'000);
constexpr size_t kLongest = 65'536;

class ReadBudgetTest : public ::testing::Test {
 protected:
  // Sends so many of a kind each 50 ms for a while, as far as they are read; how many were.
  int Read(int each, double units, absl::Duration time) {
    int read = 0;
    for (const absl::Duration end = now_ + time; now_ < end; now_ += absl::Milliseconds(50)) {
      for (int i = 0; i < each && budget_.Allows(now_); ++i, ++read) budget_.Spend(units);
    }
    return read;
  }

  ReadBudget budget_{100, 200, kLongest, kStart};
  absl::Duration now_ = kStart;
};

TEST_F(ReadBudgetTest, WhoKeepsToTheRateNeverWaits) {
  const double longest = ReadBudget::kMessage + kLongest * ReadBudget::kBytes;
  EXPECT_EQ(Read(5, longest, absl::Minutes(1)), 5 * 20 * 60);
  EXPECT_FALSE(budget_.OverForTooLong());
}

TEST_F(ReadBudgetTest, MessagesOverTheRateAreReadSoThatTheyAreRefused) {
  const int read = Read(1'000, ReadBudget::kMessage, absl::Seconds(5));
  EXPECT_GT(read, 5 * 200);
  EXPECT_LT(read, 5 * 800);
}

TEST_F(ReadBudgetTest, AFloodOfPingsWaitsAndIsTooLongAfterTenSeconds) {
  const int read = Read(1'000'000, ReadBudget::kControlFrame, absl::Seconds(9));
  EXPECT_LT(read, 40'000);
  EXPECT_FALSE(budget_.OverForTooLong());
  Read(1'000'000, ReadBudget::kControlFrame, absl::Seconds(2));
  EXPECT_TRUE(budget_.OverForTooLong());
}

TEST_F(ReadBudgetTest, OneLongestMessageInPiecesOfOneByteIsReadAtOnce) {
  EXPECT_EQ(Read(kLongest, ReadBudget::kFrame, absl::Milliseconds(50)), int{kLongest});
}

TEST_F(ReadBudgetTest, APauseBeginsTheTimeAnew) {
  for (int spell = 0; spell < 5; ++spell) {
    Read(1'000'000, ReadBudget::kControlFrame, absl::Seconds(8));
    EXPECT_FALSE(budget_.OverForTooLong());
    now_ += absl::Seconds(2);
  }
}

}  // namespace
}  // namespace tocsin::bridge::ws
