// With latest_only, a subscription that is behind is given the newest event of each incident and
// told how many were passed over; a resume from any cursor loses nothing that was promised.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "absl/strings/str_cat.h"
#include "core/event/wire.h"
#include "core/stream/shard.h"
#include "tests/core/stream_fixture.h"

namespace tocsin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kEpoch;
using testing::Range;
using testing::RecordingSink;
using testing::SeverityFilter;
using testing::ShardTest;
using Kind = Item::Kind;

class LatestOnlyTest : public ShardTest {
 protected:
  LatestOnlyTest()
      : ShardTest({.pending_messages = 40,
                   .stretch_passed_over = 150,
                   .write_events = 8,
                   .replay_events = 16,
                   .slices_per_turn = 1}) {}

  // The next event of the log, about that incident; an empty id: a system event, about none.
  void Add(std::string_view incident, v1::Severity severity = v1::SEVERITY_P2) {
    v1::Event event;
    event.set_epoch(kEpoch);
    event.set_sequence(log.latest().sequence + 1);
    event.set_type(incident.empty() ? v1::EVENT_TYPE_SYSTEM_EVENT
                                    : v1::EVENT_TYPE_INCIDENT_UPDATED);
    if (!incident.empty()) {
      event.mutable_incident()->set_id(std::string(incident));
      event.mutable_incident()->set_severity(severity);
      v1::Severity& known = severities_[std::string(incident)];
      if (known != v1::SEVERITY_UNSPECIFIED && known != severity) {
        event.mutable_before()->set_severity(known);
      }
      known = severity;
    }
    incidents.emplace_back(incident);
    Append(MakeWireRecord(event));
  }
  void AddAll(std::string_view each_of) {
    for (const char& each : each_of) Add(each == '-' ? "" : std::string_view(&each, 1));
  }

  Peer& Follow(Sequence from, FilterPtr filter = Filter::MatchAll(), bool leaves = false) {
    Peer& peer = AddPeer();
    shard.Subscribe(peer.id, {.tag = 1,
                              .filter = std::move(filter),
                              .start = Cursor{kEpoch, from},
                              .notify_on_gap = true,
                              .latest_only = true,
                              .leaves = leaves});
    return peer;
  }
  // A few turns, in which nothing ends.
  void Turns(int turns) {
    for (int i = 0; i < turns; ++i) {
      clock.Advance(limits::kHotTick);
      shard.RunOnce();
    }
  }
  static std::vector<uint32_t> PassedOver(const Peer& peer) {
    std::vector<uint32_t> counts;
    for (const auto& one : peer.sink.seen) {
      if (one.kind == Kind::kEvent || one.kind == Kind::kLeft) counts.push_back(one.passed_over);
    }
    return counts;
  }

  std::vector<std::string> incidents;  // of the events, by sequence - 1

 private:
  std::map<std::string, v1::Severity> severities_;
};

TEST_F(LatestOnlyTest, OneThatIsBehindGetsTheNewestOfEachIncidentAndTheCount) {
  AddAll("abaab-a");
  Peer& peer = Follow(0);
  Settle();
  EXPECT_THAT(peer.sink.Events(), ElementsAre(5, 6, 7));
  EXPECT_THAT(PassedOver(peer), ElementsAre(4, 0, 0));
}

TEST_F(LatestOnlyTest, WhatWasPassedOverIsCountedWithTheNextEvent) {
  AddAll("abcab");
  Peer& peer = Follow(0);
  Settle();
  EXPECT_THAT(peer.sink.Events(), ElementsAre(3, 4, 5));
  EXPECT_THAT(PassedOver(peer), ElementsAre(2, 0, 0));
}

TEST_F(LatestOnlyTest, OneThatIsLiveGetsAll) {
  Peer& peer = Follow(0);
  Settle();
  AddAll("aaa");
  Settle();
  EXPECT_THAT(peer.sink.Events(), ElementsAre(1, 2, 3));
  EXPECT_THAT(PassedOver(peer), ElementsAre(0, 0, 0));
}

TEST_F(LatestOnlyTest, AnEventThatDoesNotMatchPassesOverNone) {
  Add("a", v1::SEVERITY_P0);
  Add("a", v1::SEVERITY_P2);
  Peer& peer = Follow(0, SeverityFilter(v1::SEVERITY_P0));
  Settle();
  EXPECT_THAT(peer.sink.Events(), ElementsAre(1));
}

TEST_F(LatestOnlyTest, TheNewestDecidesBetweenEventAndLeave) {
  Add("a", v1::SEVERITY_P0);
  Add("a", v1::SEVERITY_P2);  // leaves
  Add("b", v1::SEVERITY_P0);
  Add("b", v1::SEVERITY_P2);  // leaves
  Add("b", v1::SEVERITY_P0);
  Peer& peer = Follow(0, SeverityFilter(v1::SEVERITY_P0), /*leaves=*/true);
  Settle();
  EXPECT_THAT(peer.sink.Told(), ElementsAre(-2, 5));
  EXPECT_THAT(PassedOver(peer), ElementsAre(1, 2));
}

TEST_F(LatestOnlyTest, TheNewestDecidesAlsoOverAReadingOfTheLog) {
  for (int i = 0; i < 2'000; ++i) Add(absl::StrCat("i", i % 7), v1::SEVERITY_P0);
  Peer& peer = Follow(0, SeverityFilter(v1::SEVERITY_P0));
  Settle();
  const std::vector<Sequence> told = peer.sink.Events();
  EXPECT_LE(told.size(), 7 * (2'000 / 150 + 1));  // a stretch passes over at most 150
  EXPECT_EQ(told.back(), 2'000);
}

TEST_F(LatestOnlyTest, AStretchThatIsFullIsGiven) {
  for (int i = 0; i < 400; ++i) Add(absl::StrCat("i", i));
  Peer& peer = Follow(0);
  peer.takes = false;
  Settle();
  EXPECT_LE(shard.SumMemory().pending_bytes, (2 * 40 + 8) * (sizeof(Item) + 100));
  peer.takes = true;
  Settle();
  EXPECT_EQ(peer.sink.Events(), Range(1, 400));
}

// A bookmark between what is held and what was given would lose what is held at a resume.
TEST_F(LatestOnlyTest, NoBookmarkOvertakesWhatIsHeld) {
  for (int i = 0; i < 90; ++i) Add(absl::StrCat("i", i % 60));
  Peer& peer = Follow(0);
  Turns(3);
  shard.Bookmark(peer.id, {.kind = 1, .text = "now"});
  Turns(1);
  const RecordingSink::Seen* bookmark = peer.sink.First(Kind::kBookmark);
  if (bookmark == nullptr) {
    Settle();
    bookmark = peer.sink.First(Kind::kBookmark);
  }
  ASSERT_NE(bookmark, nullptr);
  EXPECT_EQ(bookmark->cursor, (Cursor{kEpoch, 0}));
}

TEST_F(LatestOnlyTest, WhatIsHeldComesBeforeAGap) {
  for (int i = 0; i < 400; ++i) Add(absl::StrCat("i", i % 20));
  Peer& peer = Follow(0);
  Turns(6);
  ASSERT_THAT(peer.sink.Events(), IsEmpty());
  log.Expire(250);
  Settle();
  const std::vector<Kind> kinds = peer.sink.Kinds();
  const auto gap = std::find(kinds.begin(), kinds.end(), Kind::kGap) - kinds.begin();
  const Cursor from = peer.sink.First(Kind::kGap)->gap->from;
  ASSERT_GT(from.sequence, 0u);
  EXPECT_EQ(kinds[static_cast<size_t>(gap) - 1], Kind::kEvent);
  EXPECT_EQ(peer.sink.seen[static_cast<size_t>(gap) - 1].cursor, from);
  EXPECT_EQ(peer.sink.Events().back(), 400u);
}

// What was held is read again with the new filter, which also lets through what was passed over.
TEST_F(LatestOnlyTest, AnotherFilterBeginsWhereTheStretchBegan) {
  for (int i = 0; i < 90; ++i) Add("a");
  Peer& peer = Follow(0);
  Turns(3);
  ASSERT_THAT(peer.sink.Events(), IsEmpty());
  shard.Subscribe(peer.id, {.tag = 1, .filter = SeverityFilter(v1::SEVERITY_P2)});
  Settle();
  EXPECT_EQ(peer.sink.Events(), Range(1, 90));
}

TEST_F(LatestOnlyTest, ASlowOneIsLiveAgainWithLittle) {
  Peer& peer = Follow(0);
  Settle();
  peer.takes = false;
  for (int i = 0; i < 3'000; ++i) {
    Add(absl::StrCat("i", i % 10));
    if (i % 50 == 0) Settle();
  }
  Settle();
  EXPECT_LE(shard.SumMemory().pending_bytes, (2 * 40 + 8) * (sizeof(Item) + 100));
  peer.takes = true;
  Settle();
  EXPECT_EQ(shard.stats().live, 1u);
  EXPECT_LE(peer.sink.Events().size(), 60u + 10 * (3'000 / 150 + 1));
  EXPECT_EQ(peer.sink.Events().back(), 3'000u);
}

TEST_F(LatestOnlyTest, AnotherSubscriptionOfTheSamePeerGetsAll) {
  AddAll("abaab-a");
  Peer& peer = Follow(0);
  shard.Subscribe(peer.id, {.tag = 2, .filter = Filter::MatchAll(), .start = Cursor{kEpoch, 0}});
  Settle();
  EXPECT_THAT(peer.sink.Events(1), ElementsAre(5, 6, 7));
  EXPECT_EQ(peer.sink.Events(2), Range(1, 7));
  for (const auto& one : peer.sink.seen) {
    if (one.passed_over > 0) {
      EXPECT_THAT(one.tags, ElementsAre(1));
    }
  }
}

// What one subscription passed over is not told to another that is queued the same event.
TEST_F(LatestOnlyTest, ACountIsToldToItsOwnSubscriptionAlone) {
  Add("a");
  const EventPtr event = log.all.back();
  Outbox outbox;
  outbox.Push(Item{.kind = Kind::kEvent,
                   .passed_over = 2,
                   .event = event,
                   .cursor = event->cursor,
                   .extra = nullptr},
              1);
  outbox.PushEvent(Kind::kEvent, event, 2);
  outbox.PushEvent(Kind::kEvent, event, 3);
  const WriteView view = outbox.Next(10, 1 << 20);
  ASSERT_EQ(view.items.size(), 2u);
  EXPECT_THAT(view.TagsOf(view.items[0]), ElementsAre(1));
  EXPECT_THAT(view.TagsOf(view.items[1]), ElementsAre(2, 3));
  EXPECT_EQ(outbox.bytes(), 2 * PendingBytes(*event));
}

// Random logs, filters, sinks and cuts against what was promised.
class LatestOnlyChainTest : public LatestOnlyTest, public ::testing::WithParamInterface<int> {
 protected:
  size_t Some(size_t most) { return std::uniform_int_distribution<size_t>(0, most)(random_); }

  void AddSome(size_t most) {
    for (size_t left = Some(most); left > 0; --left) {
      Add(Some(9) == 0 ? "" : absl::StrCat("i", Some(15)),
          Some(1) == 0 ? v1::SEVERITY_P0 : v1::SEVERITY_P2);
    }
  }

  // One connection, of which the client sees a part before the cut; returns where it resumes from.
  Cursor Connect(const Cursor& from, const FilterPtr& filter, bool leaves, bool to_the_end) {
    Peer& peer = Follow(from.sequence, filter, leaves);
    for (size_t steps = Some(6); steps > 0; --steps) {
      peer.takes = Some(2) > 0;
      AddSome(120);
      Turns(static_cast<int>(Some(4)));
      if (Some(2) == 0) shard.Bookmark(peer.id, {.kind = 1, .text = "p"});
      if (Some(1) == 0) Settle();
    }
    if (to_the_end) {
      peer.takes = true;
      Settle();
    }
    Cursor last = from;
    const size_t seen = to_the_end ? peer.sink.seen.size() : Some(peer.sink.seen.size());
    for (const auto& one : std::span(peer.sink.seen).first(seen)) {
      if (one.cursor.epoch != 0) last = one.cursor;
      if (one.kind == Kind::kEvent || one.kind == Kind::kLeft) received_.push_back(one);
    }
    shard.Remove(peer.id);
    return last;
  }

  void Check(const Filter& filter) const {
    std::map<Sequence, Kind> told;
    size_t counted = 0;
    Sequence before = 0;
    for (const auto& one : received_) {
      ASSERT_GT(one.cursor.sequence, before) << "goes back, or comes twice";
      before = one.cursor.sequence;
      told.emplace(before, one.kind);
      counted += 1 + one.passed_over;
    }
    std::map<std::string, Sequence> newest_told;
    size_t owed = 0;
    for (const EventPtr& event : log.all) {
      const Sequence place = event->cursor.sequence;
      const Verdict verdict = filter.Judge(event->facts);
      const auto one = told.find(place);
      owed += verdict == Verdict::kNone ? 0 : 1;
      if (one != told.end()) {
        EXPECT_EQ(one->second == Kind::kLeft, verdict == Verdict::kLeaves) << place;
        EXPECT_NE(verdict, Verdict::kNone) << place;
        newest_told[incidents[place - 1]] = place;
      }
    }
    EXPECT_EQ(counted, owed) << "passed over and not told, or told and not passed over";
    for (const EventPtr& event : log.all) {
      const Sequence place = event->cursor.sequence;
      const std::string& incident = incidents[place - 1];
      if (filter.Judge(event->facts) != Verdict::kNone && !told.contains(place)) {
        EXPECT_FALSE(incident.empty()) << place << " has no incident and was passed over";
        EXPECT_GT(newest_told[incident], place) << incident << " has nothing newer";
      }
    }
  }

  std::mt19937 random_{static_cast<uint32_t>(GetParam())};
  std::vector<RecordingSink::Seen> received_;
};

TEST_P(LatestOnlyChainTest, AChainOfResumesLosesAndRepeatsNothingThatWasPromised) {
  const bool leaves = Some(1) == 0;
  const FilterPtr filter = Some(1) == 0 ? Filter::MatchAll() : SeverityFilter(v1::SEVERITY_P0);
  AddSome(600);
  Cursor place{kEpoch, 0};
  for (int cut = 0; cut < 8; ++cut) place = Connect(place, filter, leaves, cut == 7);
  Check(leaves ? *Filter::TellingLeaves(filter) : *filter);
}

INSTANTIATE_TEST_SUITE_P(Seeds, LatestOnlyChainTest, ::testing::Range(1, 41));

}  // namespace
}  // namespace tocsin
