#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>

#include "core/event/cursor.h"
#include "core/event/error.h"
#include "core/event/priority_choice.h"
#include "core/event/text.h"
#include "tests/core/event_samples.h"

namespace tocsin {
namespace {

using ::testing::HasSubstr;

constexpr Epoch kLastEpoch = (Epoch{1} << 48) - 1;
constexpr Sequence kLastSequence = std::numeric_limits<Sequence>::max();

TEST(CursorTest, TextIsEpochAndSequenceInHexadecimal) {
  EXPECT_EQ(FormatCursor({0x3f9a1c07b2d4, 0x1a2b}), "3f9a1c07b2d4-1a2b");
  EXPECT_EQ(FormatCursor({1, 0}), "1-0");
}

TEST(CursorTest, EveryCursorReadsBack) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 1000; ++i) {
    const Cursor cursor{1 + random() % kLastEpoch, random() >> (random() % 64)};
    const absl::StatusOr<Cursor> parsed = ParseCursor(FormatCursor(cursor));
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(*parsed, cursor);
  }
  EXPECT_EQ(*ParseCursor(FormatCursor({kLastEpoch, kLastSequence})),
            (Cursor{kLastEpoch, kLastSequence}));
}

TEST(CursorTest, OnlyTheFormItWasGivenInIsRead) {
  for (const char* text : {"",
                           "-",
                           "1",
                           "1-",
                           "-1",
                           "0-1",
                           "01-1",
                           "1-01",
                           "1-00",
                           "A-1",
                           "1-A",
                           "1-1-1",
                           " 1-1",
                           "1-1 ",
                           "1--1",
                           "+1-1",
                           "0x1-1",
                           "1000000000000-1",
                           "1-10000000000000000",
                           "1-g",
                           "ffffffffffffffffffff-1"}) {
    const absl::StatusOr<Cursor> parsed = ParseCursor(text);
    EXPECT_EQ(Describe(parsed.status()), "INVALID_MESSAGE ") << text;
    EXPECT_FALSE(ErrorDetailsOf(parsed.status()).allowed.empty());
  }
}

TEST(StartPointTest, ReadsEveryForm) {
  EXPECT_EQ(*ParseStartPoint("", "from"), StartPoint(Latest{}));
  EXPECT_EQ(*ParseStartPoint("latest", "from"), StartPoint(Latest{}));
  EXPECT_EQ(*ParseStartPoint("earliest", "from"), StartPoint(Earliest{}));
  EXPECT_EQ(*ParseStartPoint("2-a", "from"), StartPoint(Cursor{2, 10}));
  EXPECT_EQ(*ParseStartPoint("2026-01-02T03:04:05Z", "from"),
            StartPoint(absl::FromUnixSeconds(1'767'323'045)));
}

TEST(StartPointTest, FormatsAsItReads) {
  const StartPoint starts[] = {Latest{}, Earliest{}, Cursor{kLastEpoch, 3},
                               absl::FromUnixNanos(1'767'323'045'000'000'001),
                               absl::FromUnixSeconds(-62'135'596'800)};
  for (const StartPoint& start : starts) {
    EXPECT_EQ(*ParseStartPoint(FormatStartPoint(start), "from"), start) << FormatStartPoint(start);
  }
}

TEST(StartPointTest, ErrorNamesTheFieldAndWhatIsAllowed) {
  const absl::Status status = ParseStartPoint("Latest", "resume_from").status();
  EXPECT_EQ(Describe(status), "INVALID_MESSAGE resume_from");
  EXPECT_THAT(std::string(status.message()), HasSubstr("resume_from"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"earliest\", \"latest\", an RFC 3339"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"Latest\""));
}

// ---- split places ----

const Place kSplit({0x3f9a1c07b2d4, 0x1a2b}, {0x3f9a1c07b2d4, 0x1b00});

TEST(PlaceTest, IsACursorUnlessItIsSplit) {
  EXPECT_EQ(FormatPlace(Cursor{2, 10}), "2-a");
  EXPECT_EQ(FormatPlace(kSplit), "p3f9a1c07b2d4-1a2b.3f9a1c07b2d4-1b00.37b7ad1e");
}

TEST(PlaceTest, EverySplitPlaceReadsBack) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 1000; ++i) {
    const auto any = [&] { return Cursor{1 + random() % kLastEpoch, random() >> (random() % 64)}; };
    const Place place(any(), any());
    const absl::StatusOr<ResumePoint> read = ParseResumePoint(FormatPlace(place), "from");
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->start, StartPoint(place.ordinary));
    EXPECT_EQ(read->urgent, place.urgent);
  }
}

TEST(PlaceTest, AnyOtherStartIsReadAsItIsWithoutOne) {
  for (const char* text : {"", "latest", "earliest", "2-a", "2026-01-02T03:04:05Z"}) {
    const absl::StatusOr<ResumePoint> read = ParseResumePoint(text, "from");
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->start, *ParseStartPoint(text, "from"));
    EXPECT_FALSE(read->urgent.has_value());
  }
  EXPECT_EQ(Describe(ParseResumePoint("p", "from").status()), "INVALID_MESSAGE from");
  EXPECT_EQ(Describe(ParseResumePoint("yesterday", "from").status()), "INVALID_MESSAGE from");
}

// A part that was taken for a cursor would lose or repeat what lies between the two places.
TEST(PlaceTest, NoneThatIsCutOffOrChangedIsRead) {
  const std::string text = FormatPlace(kSplit);
  for (size_t size = 1; size < text.size(); ++size) {
    EXPECT_EQ(Describe(ParseResumePoint(text.substr(0, size), "from").status()),
              "INVALID_MESSAGE from")
        << text.substr(0, size);
  }
  for (size_t at = 0; at < text.size(); ++at) {
    std::string changed = text;
    changed[at] = changed[at] == '1' ? '2' : '1';
    EXPECT_FALSE(ParseResumePoint(changed, "from").ok()) << changed;
  }
  EXPECT_FALSE(ParseResumePoint(text + "0", "from").ok());
  EXPECT_FALSE(ParseResumePoint(text + " ", "from").ok());
}

TEST(PlaceTest, IsRefusedByNameWhereOnlyACursorWillDo) {
  const absl::Status status = ParseStartPoint(FormatPlace(kSplit), "to").status();
  EXPECT_EQ(Describe(status), "INVALID_MESSAGE to");
  EXPECT_THAT(std::string(status.message()), HasSubstr("subscription with priority"));
}

TEST(PriorityChoiceTest, IsNotForWhatNeedsTheLogsOrder) {
  EXPECT_TRUE(CheckPriority({.priority = true}, "from").ok());
  EXPECT_TRUE(CheckPriority({.priority = true, .split_start = true}, "from").ok());
  EXPECT_TRUE(CheckPriority({.split_start = true}, "from").ok());
  EXPECT_TRUE(CheckPriority({.snapshot = true, .leaves = true, .latest_only = true}, "from").ok());
  for (PriorityChoice choice :
       std::vector<PriorityChoice>{{.snapshot = true}, {.leaves = true}, {.latest_only = true}}) {
    choice.split_start = true;
    EXPECT_EQ(Describe(CheckPriority(choice, "resume_from")), "INVALID_MESSAGE resume_from");
    choice.priority = true;
    EXPECT_EQ(Describe(CheckPriority(choice, "resume_from")), "INVALID_MESSAGE priority");
  }
}

TEST(GapReasonTest, HasTheContractsNames) {
  EXPECT_EQ(GapReasonName(GapReason::kExpired), "expired");
  EXPECT_EQ(GapReasonName(GapReason::kEpoch), "epoch");
  EXPECT_EQ(GapReasonName(GapReason::kDamaged), "damaged");
}

struct TimeRow {
  const char* text;
  int64_t unix_nanos;
};

TEST(Rfc3339Test, ReadsFractionsAndOffsets) {
  constexpr int64_t kNoon = 1'767'355'200'000'000'000;  // 2026-01-02T12:00:00Z
  const TimeRow rows[] = {
      {"2026-01-02T12:00:00Z", kNoon},
      {"2026-01-02t12:00:00z", kNoon},
      {"2026-01-02T12:00:00.5Z", kNoon + 500'000'000},
      {"2026-01-02T12:00:00.1234567891Z", kNoon + 123'456'789},
      {"2026-01-02T13:30:00+01:30", kNoon},
      {"2026-01-02T10:30:00-01:30", kNoon},
      {"2026-01-02T12:00:00-00:00", kNoon},
      {"2024-02-29T00:00:00Z", 1'709'164'800'000'000'000},
      // A leap second is the moment of the second after it.
      {"2016-12-31T23:59:60Z", 1'483'228'800'000'000'000},
      {"2016-12-31T15:59:60.5-08:00", 1'483'228'800'500'000'000},
  };
  for (const TimeRow& row : rows) {
    const auto time = ParseRfc3339(row.text);
    ASSERT_TRUE(time.has_value()) << row.text;
    EXPECT_EQ(absl::ToUnixNanos(*time), row.unix_nanos) << row.text;
  }
}

TEST(Rfc3339Test, RefusesAllElse) {
  for (const char* text : {"",
                           "2026-01-02",
                           "2026-01-02T12:00:00",
                           "2026-01-02 12:00:00Z",
                           "2026-01-02T12:00Z",
                           "2026-1-2T12:00:00Z",
                           "2026-13-02T12:00:00Z",
                           "2026-02-29T12:00:00Z",
                           "2026-01-02T24:00:00Z",
                           "2026-01-02T12:60:00Z",
                           "2026-01-02T12:00:60Z",
                           "2026-01-02T23:59:60Z",
                           "2016-12-31T23:59:60+01:00",
                           "2016-12-31T23:59:61Z",
                           "2026-01-02T12:00:00.Z",
                           "2026-01-02T12:00:00+0100",
                           "2026-01-02T12:00:00+24:00",
                           "2026-01-02T12:00:00Zx",
                           " 2026-01-02T12:00:00Z",
                           "0000-01-01T00:00:00Z",
                           "0001-01-01T00:00:00+01:00",
                           "9999-12-31T23:59:59-01:00",
                           "infinite-future"}) {
    EXPECT_FALSE(ParseRfc3339(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace tocsin
