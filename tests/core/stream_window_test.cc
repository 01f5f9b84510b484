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

EventPtr EventOf(Epoch epoch, Sequence sequence) {
  auto event = std::make_shared<EventRecord>(*MakeEvent(sequence));
  event->cursor.epoch = epoch;
  return event;
}

void Append(Window& window, Epoch epoch, Sequence sequence) {
  const EventPtr event = EventOf(epoch, sequence);
  window.Append(std::span(&event, 1));
}

// Events 1 and 2 in life 1, none in life 2, 3 and 4 in life 3.
void AppendThreeLives(Window& window) {
  window.Start({1, 0});
  Append(window, 1, 1);
  Append(window, 1, 2);
  window.Advance({2, 2});
  window.Advance({3, 2});
  Append(window, 3, 3);
  Append(window, 3, 4);
}

TEST(WindowTest, ThePlaceWhereAnEpochBeginsIsHeldUnderAllItsNames) {
  Window window({100, 1 << 20});
  AppendThreeLives(window);
  for (const Cursor held : {Cursor{1, 0}, {1, 2}, {2, 2}, {3, 2}, {3, 3}, {3, 4}}) {
    EXPECT_TRUE(window.Holds(held)) << FormatCursor(held);
  }
  // Events that a life did not have, or that another one had.
  for (const Cursor other : {Cursor{1, 3}, {2, 1}, {2, 3}, {3, 1}, {3, 5}, {4, 2}}) {
    EXPECT_FALSE(window.Holds(other)) << FormatCursor(other);
  }
}

TEST(WindowTest, APlaceIsReadFromUnderAnyNameAndAnsweredUnderOne) {
  Window window({100, 1 << 20});
  AppendThreeLives(window);
  EXPECT_EQ(window.view().head, (Cursor{3, 4}));
  for (const Epoch epoch : {1, 2, 3}) {
    Window::Slice slice;
    ASSERT_EQ(window.Read({epoch, 2}, {3, 2}, 10, 1 << 20, slice), Window::Outcome::kRead);
    EXPECT_TRUE(slice.events.empty());
    EXPECT_EQ(slice.to, (Cursor{1, 2}));
    ASSERT_EQ(window.Read({epoch, 2}, {3, 4}, 10, 1 << 20, slice), Window::Outcome::kRead);
    EXPECT_EQ(slice.events.size(), 2u);
    EXPECT_EQ(slice.to, (Cursor{3, 4}));
  }
}

TEST(WindowTest, AnEpochWithoutEventsDoesNotRenameTheHead) {
  Window window({100, 1 << 20});
  window.Start({1, 0});
  Append(window, 1, 1);
  window.Advance({2, 1});
  EXPECT_EQ(window.view().head, (Cursor{1, 1}));
  EXPECT_TRUE(window.Holds({2, 1}));
}

TEST(WindowTest, AnEpochIsForgottenWhenItsLastPlaceHasLeft) {
  Window window({2, 1 << 20});
  AppendThreeLives(window);  // base is where lives 1 and 2 ended
  EXPECT_EQ(window.view().base, (Cursor{1, 2}));
  EXPECT_TRUE(window.Holds({1, 2}));
  EXPECT_TRUE(window.Holds({2, 2}));
  Append(window, 3, 5);
  EXPECT_EQ(window.view().base, (Cursor{3, 3}));
  EXPECT_FALSE(window.Holds({1, 2}));
  EXPECT_FALSE(window.Holds({3, 2}));
  EXPECT_TRUE(window.Holds({3, 3}));
}

TEST(WindowTest, AThousandEpochsWithoutEventsCostNothingMore) {
  Window window({10, 1 << 20});
  window.Start({1, 0});
  for (Epoch epoch = 2; epoch < 5'000; ++epoch) window.Advance({epoch, epoch});
  EXPECT_TRUE(window.Holds({4'999, 4'999}));
  EXPECT_TRUE(window.Holds({4'500, 4'500}));
  EXPECT_FALSE(window.Holds({2, 2}));  // the log knows
}

// Places that no event names are known by Advance.
TEST(WindowTest, AnEpochIsHeldOnlyAsFarAsItIsKnownToHaveCome) {
  Window window({100, 1 << 20});
  window.Start({1, 0});
  Append(window, 1, 2);
  window.Advance({1, 6});
  Append(window, 2, 9);
  EXPECT_TRUE(window.Holds({1, 6}));
  EXPECT_FALSE(window.Holds({1, 7}));  // perhaps life 1 lost it
  EXPECT_TRUE(window.Holds({2, 8}));
  Window::Slice slice;
  ASSERT_EQ(window.Read({1, 2}, {1, 5}, 10, 1 << 20, slice), Window::Outcome::kRead);
  EXPECT_EQ(slice.to, (Cursor{1, 5}));
}

TEST(WindowTest, BeforeIsThePlaceSoManyEventsBack) {
  Window window({5, 1 << 30});
  window.Start({kEpoch, 10}, /*open=*/false);
  EXPECT_EQ(window.Before(3), (Cursor{kEpoch, 10}));
  for (Sequence next = 11; next <= 18; ++next) {
    const EventPtr event = MakeEvent(next);
    window.Append(std::span(&event, 1));
  }
  EXPECT_EQ(window.Before(0), (Cursor{kEpoch, 18}));
  EXPECT_EQ(window.Before(3), (Cursor{kEpoch, 15}));
  EXPECT_EQ(window.Before(5), (Cursor{kEpoch, 13}));
  EXPECT_EQ(window.Before(100), (Cursor{kEpoch, 13}));
  EXPECT_FALSE(window.view().open);
  EXPECT_FALSE(window.Holds({kEpoch, 15}));
  window.Open();
  EXPECT_TRUE(window.Holds({kEpoch, 15}));
}

}  // namespace
}  // namespace tocsin
