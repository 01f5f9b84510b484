// Catching up, driven by hand: a real shard, the reader's RunOnce, and a log that can be damaged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "core/event/error.h"
#include "core/stream/shard.h"
#include "hub/slice_reader.h"
#include "hub/store_reader.h"
#include "tests/hub/hub_fixtures.h"
#include "tests/hub/wrapped_log.h"

namespace tocsin::hub {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

FilterPtr OnlyIncidents() {
  v1::Filter filter;
  filter.add_event_types(v1::EVENT_TYPE_INCIDENT_CREATED);
  return *Filter::Compile(filter);
}

class LogReaderTest : public testing::Test {
 protected:
  void Append(size_t count) {
    const auto batch = NextBatch(log_, count, kStart);
    ASSERT_EQ(log_.Append(batch), absl::OkStatus());
    window_.Append(batch->events);
  }
  void SetUp() override { window_.Start(log_.extent().latest); }

  LogSlice Slice(SliceReader::Reading& reading, size_t max_events = 100) {
    return SliceReader(log_, window_).Read(reading, max_events, 1 << 20);
  }
  SliceReader::Reading From(StartPoint start, FilterPtr filter = Filter::MatchAll()) {
    return {.start = start, .filter = std::move(filter)};
  }
  Cursor At(Sequence sequence) const { return {log_.epochs().present(), sequence}; }

  WrappedLog log_;
  Window window_{{4, 1 << 20}};
  ManualClock clock_;
  StoreReader reader_{log_, window_};
  Shard shard_{window_, reader_, clock_, {}};
};

TEST_F(LogReaderTest, ReadsInSlicesUpToTheEnd) {
  Append(5);
  auto reading = From(Earliest{});
  LogSlice slice = Slice(reading, 3);
  EXPECT_EQ(slice.from, At(0));
  EXPECT_THAT(SequencesOf(slice.events), ElementsAre(1, 2, 3));
  EXPECT_EQ(slice.to, At(3));
  slice = Slice(reading, 3);
  EXPECT_EQ(slice.from, At(3));
  EXPECT_THAT(SequencesOf(slice.events), ElementsAre(4, 5));
  EXPECT_EQ(slice.to, At(5));
  slice = Slice(reading, 3);
  EXPECT_THAT(slice.events, IsEmpty());
  EXPECT_EQ(slice.to, At(5));
  EXPECT_EQ(slice.latest, At(5));
  EXPECT_EQ(slice.earliest, At(0));
}

TEST_F(LogReaderTest, WhatTheFilterStopsIsPassedAndLeftOut) {
  Append(3);
  auto reading = From(Earliest{}, OnlyIncidents());
  const LogSlice slice = Slice(reading);
  EXPECT_THAT(slice.events, IsEmpty());
  EXPECT_EQ(slice.to, At(3));
}

TEST_F(LogReaderTest, NothingPastTheWindowsHeadIsGiven) {
  Append(2);
  ASSERT_EQ(log_.Append(NextBatch(log_, 1, kStart)),
            absl::OkStatus());  // appended, not yet visible
  auto reading = From(Earliest{});
  EXPECT_THAT(SequencesOf(Slice(reading).events), ElementsAre(1, 2));
  auto latest = From(Latest{});
  EXPECT_EQ(Slice(latest).to, At(2));
}

TEST_F(LogReaderTest, WhatRetentionTakesOnTheWayIsAGap) {
  Append(10);
  auto reading = From(Earliest{});
  EXPECT_EQ(Slice(reading, 2).to, At(2));
  ASSERT_EQ(log_.Trim({.max_events = 4}, kStart), absl::OkStatus());
  const LogSlice slice = Slice(reading, 2);
  ASSERT_TRUE(slice.gap.has_value());
  EXPECT_EQ(slice.gap->reason, GapReason::kExpired);
  EXPECT_EQ(slice.gap->from, At(2));
  EXPECT_EQ(slice.gap->to, At(6));
  EXPECT_EQ(slice.from, At(6));
  EXPECT_THAT(SequencesOf(slice.events), ElementsAre(7, 8));
  EXPECT_FALSE(Slice(reading, 2).gap.has_value());
}

// Symptom: a client that subscribed and went, over and over, held up everybody's replay, and the
// hub grew. Cause: what was asked for stayed in the queue when the CatchUp went, and was read in
// full. The older tests cancelled a slice that was under way.
TEST_F(LogReaderTest, ACancelledReadingLeavesTheQueue) {
  Append(5);
  for (int i = 0; i < 3; ++i) {
    const auto catch_up = reader_.Open(shard_, Earliest{}, Filter::MatchAll(),
                                       [](const LogSlice&) { ADD_FAILURE(); });
    catch_up->Next(100, 1 << 20);
  }
  EXPECT_FALSE(reader_.RunOnce());
}

TEST_F(LogReaderTest, WithoutAFilterEverythingComesWithItsFacts) {
  Append(3);
  auto reading = From(Earliest{}, nullptr);
  const LogSlice slice = Slice(reading);
  EXPECT_THAT(SequencesOf(slice.events), ElementsAre(1, 2, 3));
  EXPECT_EQ(slice.events[0]->facts.type(), v1::EVENT_TYPE_SYSTEM_EVENT);
  EXPECT_EQ(slice.to, At(3));
}

// The sequencer trims on a thread of its own.
class TrimmedMeanwhile : public WrappedLog {
 public:
  absl::StatusOr<Sequence> PlaceAt(absl::Time time) const override {
    before_place();
    return WrappedLog::PlaceAt(time);
  }
  std::function<void()> before_place;
};

// Symptom: a subscription from tomorrow on was given what was published today. Cause: a time past
// the newest event is the log's end. The older test asked for the place alone.
TEST_F(LogReaderTest, AStartInTheFutureIsRefused) {
  ManualClock clock(kStart);
  const SliceReader slices(log_, window_, clock);
  auto early = From(kStart + absl::Minutes(2));
  const LogSlice refused = slices.Read(early, 100, 1 << 20);
  EXPECT_EQ(ErrorCodeOf(refused.status), ErrorCode::kInvalidMessage) << refused.status;
  EXPECT_THAT(std::string(refused.status.message()), testing::HasSubstr("in the future"));
  // A client's clock may be a little ahead.
  auto now = From(kStart + absl::Seconds(30));
  EXPECT_EQ(slices.Read(now, 100, 1 << 20).status, absl::OkStatus());
}

TEST(SliceReaderTest, WhatRetentionTakesBeforeATimeIsFoundIsAGap) {
  TrimmedMeanwhile log;
  Window window{{4, 1 << 20}};
  window.Start(log.extent().latest);
  const auto batch = NextBatch(log, 10, kStart);
  ASSERT_EQ(log.Append(batch), absl::OkStatus());
  window.Append(batch->events);
  log.before_place = [&] { ASSERT_EQ(log.Trim({.max_events = 4}, kStart), absl::OkStatus()); };
  SliceReader::Reading reading{.start = kStart, .filter = Filter::MatchAll()};
  const LogSlice slice = SliceReader(log, window).Read(reading, 100, 1 << 20);
  ASSERT_TRUE(slice.gap.has_value());
  EXPECT_EQ(slice.gap->reason, GapReason::kExpired);
  EXPECT_EQ(slice.gap->from.sequence, 0u);
  EXPECT_EQ(slice.gap->to.sequence, 6u);
  EXPECT_EQ(slice.earliest.sequence, 6u);
  EXPECT_THAT(SequencesOf(slice.events), ElementsAre(7, 8, 9, 10));
}

TEST_F(LogReaderTest, DamageIsAGapAndTheStreamGoesOnAfterIt) {
  Append(10);
  log_.damaged = {4, 5, 8};
  auto reading = From(Earliest{});
  EXPECT_THAT(SequencesOf(Slice(reading).events), ElementsAre(1, 2, 3));
  LogSlice slice = Slice(reading);
  ASSERT_TRUE(slice.gap.has_value());
  EXPECT_EQ(slice.gap->reason, GapReason::kDamaged);
  EXPECT_EQ(slice.gap->from, At(3));
  EXPECT_EQ(slice.gap->to, At(5));
  EXPECT_THAT(SequencesOf(slice.events), ElementsAre(6, 7));
  slice = Slice(reading);
  EXPECT_EQ(slice.gap->to, At(8));
  EXPECT_THAT(SequencesOf(slice.events), ElementsAre(9, 10));
}

TEST_F(LogReaderTest, DamageUpToTheEndIsAGapUpToTheEnd) {
  Append(6);
  log_.damaged = {5, 6};
  auto reading = From(At(4));
  const LogSlice slice = Slice(reading);
  EXPECT_EQ(slice.gap->to, At(6));
  EXPECT_THAT(slice.events, IsEmpty());
  EXPECT_EQ(slice.to, At(6));
  EXPECT_EQ(slice.status, absl::OkStatus());
}

TEST_F(LogReaderTest, LongDamageIsFoundInFewReads) {
  Append(20'000);
  for (Sequence s = 101; s <= 15'000; ++s) log_.damaged.insert(s);
  EXPECT_EQ(*NextReadable(log_, 100), 15'000u);
}

TEST_F(LogReaderTest, ACursorFromTheFutureIsRefused) {
  Append(2);
  auto reading = From(At(3));
  const LogSlice slice = Slice(reading);
  EXPECT_EQ(slice.status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(slice.latest, At(2));
}

TEST_F(LogReaderTest, AnswersOnTheShardAndInTurn) {
  Append(6);
  std::vector<std::pair<char, Cursor>> answers;
  const auto open = [&](char name) {
    return reader_.Open(shard_, Earliest{}, Filter::MatchAll(), [&answers, name](LogSlice slice) {
      answers.push_back({name, slice.to});
    });
  };
  const auto a = open('a');
  const auto b = open('b');
  a->Next(2, 1 << 20);
  b->Next(2, 1 << 20);
  EXPECT_TRUE(reader_.RunOnce());
  EXPECT_THAT(answers, IsEmpty());  // not from the reader's thread
  shard_.RunOnce();
  EXPECT_THAT(answers, ElementsAre(std::pair('a', At(2))));
  a->Next(2, 1 << 20);
  EXPECT_TRUE(reader_.RunOnce());
  EXPECT_TRUE(reader_.RunOnce());
  EXPECT_FALSE(reader_.RunOnce());
  shard_.RunOnce();
  EXPECT_THAT(answers,
              ElementsAre(std::pair('a', At(2)), std::pair('b', At(2)), std::pair('a', At(4))));
}

TEST_F(LogReaderTest, ADestroyedCatchUpIsNeverAnswered) {
  Append(1);
  bool answered = false;
  auto catch_up =
      reader_.Open(shard_, Earliest{}, Filter::MatchAll(), [&](LogSlice) { answered = true; });
  catch_up->Next(1, 1);
  reader_.RunOnce();
  catch_up.reset();
  shard_.RunOnce();
  EXPECT_FALSE(answered);
}

TEST_F(LogReaderTest, ACatchUpMayEndItselfInItsAnswer) {
  Append(1);
  std::unique_ptr<CatchUp> catch_up;
  Cursor to;
  catch_up = reader_.Open(shard_, Earliest{}, Filter::MatchAll(), [&](LogSlice slice) {
    catch_up.reset();
    to = slice.to;
  });
  catch_up->Next(1, 1);
  reader_.RunOnce();
  shard_.RunOnce();
  EXPECT_EQ(to, At(1));
}

class CountingSink : public Sink {
 public:
  bool Write(const WriteView& view) override {
    for (const Item& item : view.items) {
      if (item.kind == Item::Kind::kEvent) sequences.push_back(item.event->cursor.sequence);
      caught_up |= item.kind == Item::Kind::kCaughtUp;
    }
    writing = true;
    return false;
  }
  void Stuck() override {}
  void Failed() override {}
  std::vector<Sequence> sequences;
  bool caught_up = false;
  bool writing = false;
};

TEST_F(LogReaderTest, AShardCatchesUpFromTheStoreAndGoesLive) {
  Append(50);  // the window holds the last four
  CountingSink sink;
  const SubscriberId id = shard_.Add(&sink, absl::ZeroDuration());
  shard_.Subscribe(id, {.tag = 1, .filter = Filter::MatchAll(), .start = Earliest{}});
  for (int turn = 0; turn < 100 && !sink.caught_up; ++turn) {
    shard_.RunOnce();
    reader_.RunOnce();
    clock_.Advance(absl::Milliseconds(1));
    if (std::exchange(sink.writing, false)) shard_.Written(id);
  }
  EXPECT_TRUE(sink.caught_up);
  ASSERT_EQ(sink.sequences.size(), 50u);
  EXPECT_EQ(sink.sequences.front(), 1u);
  EXPECT_EQ(sink.sequences.back(), 50u);
  shard_.Remove(id);
}

}  // namespace
}  // namespace tocsin::hub
