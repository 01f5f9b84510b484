#include "hub/log/epochs.h"

#include <gtest/gtest.h>

#include "hub/log/log_codec.h"

namespace tocsin::hub {
namespace {

Epochs Of(const std::vector<EpochStart>& starts) {
  Epochs epochs;
  for (const EpochStart& start : starts) {
    epochs.Begin(start.epoch, /*earliest=*/0, start.first - 1);
  }
  return epochs;
}

// Life n begins after the place n - 1 times `events`.
Epochs Many(uint64_t count, uint64_t events) {
  std::string value;
  for (uint64_t epoch = 1; epoch <= count; ++epoch) {
    PutU64(value, epoch);
    PutU64(value, (epoch - 1) * events + 1);
  }
  return *Epochs::Decode(value);
}

std::vector<Epoch> Names(const Epochs& epochs) {
  std::vector<Epoch> names;
  for (const EpochStart& start : epochs.starts()) names.push_back(start.epoch);
  return names;
}

TEST(EpochsTest, APlaceIsNamedByTheEventItFollows) {
  const Epochs epochs = Of({{7, 1}, {8, 11}, {9, 11}, {10, 21}});
  EXPECT_EQ(epochs.PlaceAfter(0), (Cursor{7, 0}));
  EXPECT_EQ(epochs.PlaceAfter(10), (Cursor{7, 10}));
  EXPECT_EQ(epochs.PlaceAfter(11), (Cursor{9, 11}));
  EXPECT_EQ(epochs.PlaceAfter(20), (Cursor{9, 20}));
  EXPECT_EQ(epochs.PlaceAfter(99), (Cursor{10, 99}));
}

TEST(EpochsTest, KnowsWhereEachLifeWas) {
  const Epochs epochs = Of({{7, 1}, {8, 11}, {9, 11}});
  EXPECT_EQ(epochs.Find(7, 20)->before, 0u);
  EXPECT_EQ(epochs.Find(7, 20)->last, 10u);
  EXPECT_FALSE(epochs.Find(7, 20)->present);
  EXPECT_EQ(epochs.Find(8, 20)->before, 10u);
  EXPECT_EQ(epochs.Find(8, 20)->last, 10u);
  EXPECT_EQ(epochs.Find(9, 20)->last, 20u);
  EXPECT_TRUE(epochs.Find(9, 20)->present);
  EXPECT_FALSE(epochs.Find(6, 20).has_value());
}

// Symptom: where more was lost than the newest life had, a cursor of what was lost resumed without a
// gap, and the record of the epochs could not be read at the next start. Cause: the ends of earlier
// lives stayed behind the end of the log. Older tests lost no more than the newest life; the
// simulation found it.
TEST(EpochsTest, AnEarlierLifeEndsWhereTheLogNowEnds) {
  Epochs epochs = Of({{7, 1}, {8, 11}, {9, 21}});
  epochs.Begin(10, /*earliest=*/0, /*last=*/5);
  EXPECT_EQ(epochs.Find(7, 30)->last, 5u);
  EXPECT_EQ(epochs.Find(8, 30)->last, 5u);
  EXPECT_EQ(epochs.Find(9, 30)->last, 5u);
  EXPECT_EQ(epochs.Find(10, 30)->last, 30u);
  EXPECT_EQ(epochs.PlaceAfter(5), (Cursor{7, 5}));
  EXPECT_EQ(epochs.PlaceAfter(6), (Cursor{10, 6}));
  EXPECT_TRUE(Epochs::Decode(epochs.Encode()).ok());
}

// Symptom: after 1,024 starts a cursor whose events were held was told as a gap. Cause: the list of
// epochs kept the newest 1,023, whatever they held. The older test asked for just that bound.
TEST(EpochsTest, ALifeIsForgottenOnlyWhenItsLastPlaceIsGone) {
  Epochs epochs = Many(4'999, 10);
  epochs.Begin(5'000, 0, 49'990);
  EXPECT_EQ(epochs.size(), 5'000u);
  // The oldest place held is where life 3,000 ended: a cursor of its last event misses nothing.
  epochs.Begin(5'001, 30'000, 50'000);
  EXPECT_FALSE(epochs.Find(2'999, 50'000).has_value());
  ASSERT_TRUE(epochs.Find(3'000, 50'000).has_value());
  EXPECT_EQ(epochs.PlaceAfter(30'000), (Cursor{3'000, 30'000}));
  EXPECT_EQ(epochs.size(), 2'002u);
}

TEST(EpochsTest, LivesWithoutEventsAreForgottenFirst) {
  Epochs epochs;
  epochs.Begin(1, 0, 0);  // names the log's beginning, though it has no events
  for (Epoch epoch = 2; epoch <= 1'100; ++epoch) epochs.Begin(epoch, 0, 0);
  epochs.Begin(1'101, 0, 5);  // the one before had five
  EXPECT_EQ(epochs.size(), Epochs::kMaxEmpty + 3);
  EXPECT_EQ(epochs.PlaceAfter(0), (Cursor{1, 0}));
  EXPECT_EQ(epochs.PlaceAfter(3), (Cursor{1'100, 3}));
  EXPECT_EQ(epochs.PlaceAfter(6), (Cursor{1'101, 6}));
}

TEST(EpochsTest, TheListIsBounded) {
  Epochs epochs = Many(Epochs::kMax, 1);
  epochs.Begin(Epochs::kMax + 1, 0, Epochs::kMax);
  EXPECT_EQ(epochs.size(), Epochs::kMax);
  EXPECT_EQ(epochs.starts().front().epoch, 2u);
}

TEST(EpochsTest, RoundTripsAndRefusesWhatItDidNotWrite) {
  const Epochs epochs = Of({{7, 1}, {8, 11}});
  EXPECT_EQ(Names(*Epochs::Decode(epochs.Encode())), Names(epochs));
  EXPECT_EQ(Epochs::Decode(epochs.Encode())->PlaceAfter(11), (Cursor{8, 11}));
  EXPECT_FALSE(Epochs::Decode("").ok());
  EXPECT_FALSE(Epochs::Decode("short").ok());
  EXPECT_FALSE(Epochs::Decode(epochs.Encode() + "x").ok());
  EXPECT_FALSE(Epochs::Decode(std::string(16, '\0')).ok());
  EXPECT_FALSE(Epochs::Decode(Of({{8, 11}}).Encode() + Of({{7, 1}}).Encode()).ok());
}

}  // namespace
}  // namespace tocsin::hub
