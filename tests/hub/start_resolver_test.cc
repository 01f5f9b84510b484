#include "hub/start_resolver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "core/event/error.h"
#include "hub/log/log_extent.h"
#include "tests/hub/hub_fixtures.h"

namespace tocsin::hub {
namespace {

// Epoch 7 had 1 to 10, epoch 8 nothing, epoch 9 has 11 to 20; 5 to 20 are held. Event n was
// accepted at second n.
Epochs Of(const std::vector<EpochStart>& starts) {
  Epochs epochs;
  for (const EpochStart& start : starts) {
    epochs.Begin(start.epoch, /*earliest=*/0, start.first - 1);
  }
  return epochs;
}

const Epochs kEpochs = Of({{7, 1}, {8, 11}, {9, 11}});
const LogExtent kExtent = MakeExtent(kEpochs, 5, 20, 1000);

constexpr Sequence kLastSequence = std::numeric_limits<Sequence>::max();

absl::StatusOr<Sequence> PlaceAt(absl::Time time) {
  const int64_t second = absl::ToInt64Seconds(time - kStart);
  return static_cast<Sequence>(std::clamp<int64_t>(second - 1, 4, 20));
}

struct Row {
  const char* name;
  StartPoint start;
  Cursor from;
  std::optional<GapReason> gap;
  Cursor gap_from;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class StartResolverTest : public testing::TestWithParam<Row> {};

INSTANTIATE_TEST_SUITE_P(
    Table, StartResolverTest,
    testing::Values(
        Row{"Latest", Latest{}, {9, 20}, {}, {}}, Row{"Earliest", Earliest{}, {7, 4}, {}, {}},
        Row{"Held", Cursor{9, 15}, {9, 15}, {}, {}}, Row{"TheEnd", Cursor{9, 20}, {9, 20}, {}, {}},
        Row{"TheEarliestPlace", Cursor{7, 4}, {7, 4}, {}, {}},
        Row{"OlderThanHeld", Cursor{7, 3}, {7, 4}, GapReason::kExpired, {7, 3}},
        Row{"TheOrigin", Cursor{7, 0}, {7, 4}, GapReason::kExpired, {7, 0}},
        Row{"TheLastOfAnEpochThatIsOver", Cursor{7, 10}, {7, 10}, {}, {}},
        Row{"PastTheEndOfAnEpochThatIsOver", Cursor{7, 12}, {7, 10}, GapReason::kEpoch, {7, 12}},
        Row{"TheLastSequenceThereIs",
            Cursor{7, kLastSequence},
            {7, 10},
            GapReason::kEpoch,
            {7, kLastSequence}},
        Row{"ThePlaceBeforeAnEpoch", Cursor{9, 10}, {7, 10}, {}, {}},
        Row{"ThePlaceOfAnEpochWithoutEvents", Cursor{8, 10}, {7, 10}, {}, {}},
        Row{"PastAnEpochWithoutEvents", Cursor{8, 11}, {7, 10}, GapReason::kEpoch, {8, 11}},
        Row{"BeforeItsEpochBegan", Cursor{9, 6}, {7, 4}, GapReason::kEpoch, {9, 6}},
        Row{"AnUnknownEpoch", Cursor{3, 15}, {7, 4}, GapReason::kEpoch, {3, 15}},
        Row{"ATimeThatIsHeld", kStart + absl::Seconds(8), {7, 7}, {}, {}},
        Row{"ATimeAcrossEpochs", kStart + absl::Seconds(16), {9, 15}, {}, {}},
        Row{"ATimeToCome", kStart + absl::Hours(1), {9, 20}, {}, {}},
        Row{"ATimeBeforeWhatIsHeld", kStart, {7, 4}, GapReason::kExpired, {7, 0}}),
    [](const auto& row) { return row.param.name; });

TEST_P(StartResolverTest, Resolves) {
  const auto resolved = ResolveStart(GetParam().start, kExtent, kEpochs, PlaceAt);
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_EQ(resolved->from, GetParam().from) << FormatCursor(resolved->from);
  ASSERT_EQ(resolved->gap.has_value(), GetParam().gap.has_value());
  if (resolved->gap) {
    EXPECT_EQ(resolved->gap->reason, *GetParam().gap);
    EXPECT_EQ(resolved->gap->from, GetParam().gap_from);
    EXPECT_EQ(resolved->gap->to, GetParam().from);
  }
}

TEST(StartResolverErrorTest, ACursorFromTheFutureSaysThatDataWasLost) {
  const absl::Status status = ResolveStart(Cursor{9, 21}, kExtent, kEpochs, PlaceAt).status();
  EXPECT_EQ(ErrorCodeOf(status), ErrorCode::kCursorExpired);
  EXPECT_NE(status.message().find("the server has lost data"), absl::string_view::npos);
  EXPECT_EQ(ErrorDetailsOf(status).earliest, FormatCursor({7, 4}));
  EXPECT_EQ(ErrorDetailsOf(status).latest, FormatCursor({9, 20}));
}

TEST(StartResolverErrorTest, TheLastSequenceThereIsLiesPastTheEndToo) {
  const auto resolved = ResolveStart(Cursor{9, kLastSequence}, kExtent, kEpochs, PlaceAt);
  EXPECT_EQ(ErrorCodeOf(resolved.status()), ErrorCode::kCursorExpired);
}

TEST(StartResolverErrorTest, ALostTailIsAGapAndTheStreamGoesOnInTheNewEpoch) {
  // Epoch 7 was seen up to 12, but only 10 were found after the crash; epoch 8 has no events yet.
  const Epochs epochs = Of({{7, 1}, {8, 11}});
  const LogExtent extent = MakeExtent(epochs, 1, 10, 1000);
  const auto resolved = ResolveStart(Cursor{7, 12}, extent, epochs, PlaceAt);
  ASSERT_TRUE(resolved.ok());
  EXPECT_EQ(resolved->from, (Cursor{7, 10}));
  EXPECT_EQ(resolved->gap->reason, GapReason::kEpoch);
  EXPECT_EQ(ResolveStart(Cursor{7, 10}, extent, epochs, PlaceAt)->from, (Cursor{7, 10}));
  EXPECT_EQ(ResolveStart(Cursor{8, 10}, extent, epochs, PlaceAt)->from, (Cursor{7, 10}));
  EXPECT_FALSE(ResolveStart(Cursor{8, 11}, extent, epochs, PlaceAt).ok());
}

TEST(StartResolverErrorTest, ATimeBeforeAWholeLogIsNoGap) {
  const LogExtent extent = MakeExtent(Of({{7, 1}}), 1, 20, 1000);
  const auto resolved = ResolveStart(kStart - absl::Hours(1), extent, Of({{7, 1}}),
                                     [](absl::Time) { return Sequence{0}; });
  EXPECT_EQ(resolved->from, (Cursor{7, 0}));
  EXPECT_FALSE(resolved->gap.has_value());
}

}  // namespace
}  // namespace tocsin::hub
