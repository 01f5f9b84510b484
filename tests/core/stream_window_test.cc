#include <gtest/gtest.h>

#include "core/stream/window.h"
#include "tests/core/stream_fixture.h"

namespace tocsin {
namespace {

using testing::kEpoch;
using testing::MakeEvent;

TEST(WindowTest, ReadsInOrderAfterAPlace) {
  Window window({10, 1 << 20});
  window.Start({kEpoch, 0});
  for (Sequence next = 1; next <= 5; ++next) {
    const EventPtr event = MakeEvent(next);
    window.Append(std::span(&event, 1));
  }
  Window::Slice slice;
  ASSERT_EQ(window.Read({kEpoch, 2}, {kEpoch, 5}, 100, 1 << 20, slice), Window::Outcome::kRead);
  ASSERT_EQ(slice.events.size(), 3u);
  EXPECT_EQ(slice.events[0]->cursor.sequence, 3u);
  EXPECT_EQ(slice.to, (Cursor{kEpoch, 5}));
}

TEST(WindowTest, CountBoundDropsTheOldestAndMovesTheBase) {
  Window window({3, 1 << 20});
  window.Start({kEpoch, 0});
  for (Sequence next = 1; next <= 5; ++next) {
    const EventPtr event = MakeEvent(next);
    window.Append(std::span(&event, 1));
  }
  EXPECT_EQ(window.events(), 3u);
  EXPECT_EQ(window.view().base, (Cursor{kEpoch, 2}));
  Window::Slice slice;
  EXPECT_EQ(window.Read({kEpoch, 1}, {kEpoch, 5}, 10, 1 << 20, slice), Window::Outcome::kBefore);
  EXPECT_EQ(window.Read({kEpoch, 2}, {kEpoch, 5}, 10, 1 << 20, slice), Window::Outcome::kRead);
  EXPECT_EQ(slice.events.size(), 3u);
  EXPECT_EQ(window.Read({kEpoch, 6}, {kEpoch, 9}, 10, 1 << 20, slice), Window::Outcome::kAhead);
}

TEST(WindowTest, ByteBoundHoldsButTheNewestStays) {
  Window window({1000, 2000});
  window.Start({kEpoch, 0});
  for (Sequence next = 1; next <= 50; ++next) {
    const EventPtr event = MakeEvent(next, v1::SEVERITY_P1, "s", 500);
    window.Append(std::span(&event, 1));
    EXPECT_LE(window.bytes(), 2000u);
  }
  const EventPtr huge = MakeEvent(51, v1::SEVERITY_P1, "s", 10'000);
  window.Append(std::span(&huge, 1));
  EXPECT_EQ(window.events(), 1u);
  EXPECT_EQ(window.view().head.sequence, 51u);
}

TEST(WindowTest, ReadStopsAtTheBoundsOfASlice) {
  Window window({100, 1 << 20});
  window.Start({kEpoch, 0});
  for (Sequence next = 1; next <= 20; ++next) {
    const EventPtr event = MakeEvent(next);  // 100 bytes each
    window.Append(std::span(&event, 1));
  }
  Window::Slice by_count;
  window.Read({kEpoch, 0}, {kEpoch, 20}, 7, 1 << 20, by_count);
  EXPECT_EQ(by_count.to.sequence, 7u);
  Window::Slice by_bytes;
  window.Read({kEpoch, 0}, {kEpoch, 20}, 100, 350, by_bytes);
  EXPECT_EQ(by_bytes.to.sequence, 3u);
  Window::Slice at_least_one;
  window.Read({kEpoch, 0}, {kEpoch, 20}, 100, 1, at_least_one);
  EXPECT_EQ(at_least_one.to.sequence, 1u);
  Window::Slice to_a_place;
  window.Read({kEpoch, 0}, {kEpoch, 12}, 100, 1 << 20, to_a_place);
  EXPECT_EQ(to_a_place.to.sequence, 12u);
}

TEST(WindowTest, ACursorOfAnotherEpochIsNotHeld) {
  Window window({100, 1 << 20});
  window.Start({kEpoch, 0});
  const EventPtr event = MakeEvent(1);
  window.Append(std::span(&event, 1));
  EXPECT_TRUE(window.Holds({kEpoch, 0}));
  EXPECT_TRUE(window.Holds({kEpoch, 1}));
  EXPECT_FALSE(window.Holds({kEpoch, 2}));
  EXPECT_FALSE(window.Holds({kEpoch + 1, 1}));
}

TEST(WindowTest, ResetLeavesNothingAndSaysWhatIsMissing) {
  Window window({100, 1 << 20});
  window.Start({kEpoch, 0});
  const EventPtr event = MakeEvent(1);
  window.Append(std::span(&event, 1));
  window.Reset({GapReason::kExpired, {kEpoch, 1}, {kEpoch, 40}});
  EXPECT_EQ(window.events(), 0u);
  EXPECT_EQ(window.view().base.sequence, 40u);
  EXPECT_EQ(window.view().resets, 1u);
  ASSERT_TRUE(window.last_gap().has_value());
  EXPECT_EQ(window.last_gap()->to.sequence, 40u);
}

TEST(WindowTest, PlacesWithoutEventsAreReachedByAdvance) {
  Window window({100, 1 << 20});
  window.Start({kEpoch, 10});
  window.Advance({kEpoch, 15});
  Window::Slice slice;
  ASSERT_EQ(window.Read({kEpoch, 10}, {kEpoch, 15}, 10, 1 << 20, slice), Window::Outcome::kRead);
  EXPECT_TRUE(slice.events.empty());
  EXPECT_EQ(slice.to.sequence, 15u);
}

TEST(WindowTest, ThePlaceWhereAnEpochBeginsIsHeldUnderBothNames) {
  Window window({100, 1 << 20});
  window.Start({kEpoch, 0});
  const EventPtr event = MakeEvent(1);
  window.Append(std::span(&event, 1));
  window.Advance({kEpoch + 1, 1});
  EXPECT_TRUE(window.Holds({kEpoch, 1}));
  EXPECT_TRUE(window.Holds({kEpoch + 1, 1}));
  EXPECT_EQ(window.view().head, (Cursor{kEpoch + 1, 1}));
}

}  // namespace
}  // namespace tocsin
