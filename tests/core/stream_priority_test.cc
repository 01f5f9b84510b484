// With priority, a subscription that is behind is given urgent events before the ordinary ones that
// wait, each in the log's order; a resume from any place that it was told loses and repeats nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "core/stream/shard.h"
#include "tests/core/stream_fixture.h"

namespace tocsin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kEpoch;
using testing::MakeEvent;
using testing::Range;
using testing::RecordingSink;
using testing::SeverityFilter;
using testing::ShardTest;
using Kind = Item::Kind;

constexpr Epoch kOtherEpoch = 0x123;

Cursor At(Sequence sequence) { return {kEpoch, sequence}; }
Place At(Sequence ordinary, Sequence urgent) { return {At(ordinary), At(urgent)}; }

class PriorityStreamTest : public ShardTest {
 protected:
  explicit PriorityStreamTest(size_t pending_messages = 40, size_t replay_events = 16)
      : ShardTest({.pending_messages = pending_messages,
                   .write_events = 8,
                   .replay_events = replay_events,
                   .slices_per_turn = 1}) {}

  void Add(bool urgent, v1::Severity severity = v1::SEVERITY_P2) {
    auto event = std::make_shared<EventRecord>(*MakeEvent(log.latest().sequence + 1, severity));
    event->urgent = urgent;
    Append(event);
  }
  // 'u' an urgent event, anything else an ordinary one.
  void AddAll(std::string_view events) {
    for (const char each : events) Add(each == 'u');
  }
  // So many events, of which every n-th is urgent.
  void AddMany(size_t count, size_t nth) {
    for (size_t i = 0; i < count; ++i) Add((log.latest().sequence + 1) % nth == 0);
  }

  static SubscribeOptions From(const Place& place, FilterPtr filter = Filter::MatchAll()) {
    return {.tag = 1,
            .filter = std::move(filter),
            .start = place.ordinary,
            .urgent = place.is_split() ? std::optional(place.urgent) : std::nullopt,
            .notify_on_gap = true,
            .priority = true};
  }
  Peer& Follow(SubscribeOptions options) {
    Peer& peer = AddPeer();
    shard.Subscribe(peer.id, std::move(options));
    return peer;
  }
  void Turns(int turns) {
    for (int i = 0; i < turns; ++i) {
      clock.Advance(limits::kHotTick);
      shard.RunOnce();
    }
  }
  static std::vector<Place> PlacesOf(const Peer& peer, Kind kind) {
    std::vector<Place> places;
    for (const auto& one : peer.sink.seen) {
      if (one.kind == kind) places.push_back(one.place);
    }
    return places;
  }
  bool IsUrgentAt(Sequence sequence) const { return log.all[sequence - 1]->urgent; }
  // What the log holds after the place.
  std::vector<Sequence> UrgentFirst(const Place& after = At(0)) const {
    std::vector<Sequence> all;
    for (const bool urgent : {true, false}) {
      const Sequence first = 1 + (urgent ? after.urgent : after.ordinary).sequence;
      for (Sequence next = first; next <= log.latest().sequence; ++next) {
        if (IsUrgentAt(next) == urgent) all.push_back(next);
      }
    }
    return all;
  }
};

TEST_F(PriorityStreamTest, OneThatIsBehindIsGivenUrgentEventsFirst) {
  AddAll("oouoou");
  Peer& peer = Follow(From(At(0)));
  Settle();
  EXPECT_THAT(peer.sink.Events(), ElementsAre(3, 6, 1, 2, 4, 5));
  EXPECT_THAT(PlacesOf(peer, Kind::kEvent),
              ElementsAre(At(0, 3), At(0, 6), At(1, 6), At(2, 6), At(4, 6), At(5, 6)));
  EXPECT_THAT(PlacesOf(peer, Kind::kCaughtUp), ElementsAre(At(6)));
  EXPECT_EQ(peer.sink.seen.back().kind, Kind::kCaughtUp);
}

TEST_F(PriorityStreamTest, AlsoOverReadingsOfTheLog) {
  AddMany(2'000, 50);
  Peer& peer = Follow(From(At(0)));
  Settle();
  EXPECT_EQ(peer.sink.Events(), UrgentFirst());
  EXPECT_THAT(PlacesOf(peer, Kind::kCaughtUp), ElementsAre(At(2'000)));
}

TEST_F(PriorityStreamTest, AlsoWithAFilterFromTheEarliestEventHeld) {
  for (int i = 1; i <= 600; ++i) Add(i % 7 == 0, i % 2 == 0 ? v1::SEVERITY_P0 : v1::SEVERITY_P2);
  SubscribeOptions options = From(At(0), SeverityFilter(v1::SEVERITY_P0));
  options.start = Earliest{};
  Peer& peer = Follow(std::move(options));
  Settle();
  std::vector<Sequence> wanted = UrgentFirst();
  std::erase_if(wanted, [](Sequence each) { return each % 2 != 0; });
  EXPECT_EQ(peer.sink.Events(), wanted);
}

TEST_F(PriorityStreamTest, OneThatIsLiveGetsAllAsTheyCome) {
  Peer& peer = Follow(From(At(0)));
  Settle();
  AddAll("ouo");
  Settle();
  EXPECT_THAT(peer.sink.Events(), ElementsAre(1, 2, 3));
  EXPECT_THAT(PlacesOf(peer, Kind::kEvent), ElementsAre(At(1), At(2), At(3)));
  EXPECT_NE(peer.sink.last_run, 0u) << "no longer shares what is encoded with others";
  EXPECT_EQ(shard.stats().live, 1u);
}

// What waits in the outbox already is given as it is; it is less than two writes.
TEST_F(PriorityStreamTest, AnUrgentEventComesBeforeOrdinaryOnesThatWait) {
  AddMany(500, 1'000);
  Peer& peer = Follow(From(At(0)));
  peer.takes = false;
  Settle();
  Add(true);
  Settle();
  peer.takes = true;
  Settle();
  const std::vector<Sequence> events = peer.sink.Events();
  const auto at = std::find(events.begin(), events.end(), 501u) - events.begin();
  EXPECT_LE(at, 40);
  EXPECT_EQ(events.size(), 501u);
  EXPECT_EQ(shard.stats().live, 1u);
}

TEST_F(PriorityStreamTest, OneThatWasLiveAndIsSlowGetsUrgentEventsFirst) {
  Peer& peer = Follow(From(At(0)));
  Settle();
  peer.takes = false;
  for (int i = 0; i < 60; ++i) {
    AddMany(10, 10);
    Settle();
  }
  EXPECT_EQ(shard.stats().live, 0u);
  EXPECT_LE(shard.SumMemory().pending_bytes, 2 * 40 * (sizeof(Item) + 100));
  peer.takes = true;
  Settle();
  const std::vector<Sequence> events = peer.sink.Events();
  ASSERT_EQ(events.size(), 600u);
  const auto last_urgent = std::find(events.begin(), events.end(), 600u) - events.begin();
  EXPECT_LE(last_urgent, 60 + 2 * 40);
  EXPECT_EQ(shard.stats().live, 1u);
  EXPECT_EQ(shard.stats().subscriptions, 1u);
}

TEST_F(PriorityStreamTest, ABookmarkTellsBothPlaces) {
  AddMany(500, 10);
  Peer& peer = Follow(From(At(0)));
  for (int i = 0; i < 500 && PlacesOf(peer, Kind::kBookmark).size() < 200; ++i) {
    Turns(1);
    shard.Bookmark(peer.id, {.kind = 1, .text = "p"});
    if (peer.sink.in_flight) {
      peer.sink.in_flight = false;
      shard.Written(peer.id);
    }
  }
  Settle();
  std::set<Sequence> given;
  bool split = false;
  for (const auto& one : peer.sink.seen) {
    if (one.kind == Kind::kEvent) given.insert(one.cursor.sequence);
    if (one.kind != Kind::kBookmark) continue;
    split |= one.place.is_split();
    for (Sequence each = 1; each <= 500; ++each) {
      const Sequence told = (IsUrgentAt(each) ? one.place.urgent : one.place.ordinary).sequence;
      ASSERT_EQ(given.contains(each), each <= told) << "a bookmark is past or behind " << each;
    }
  }
  EXPECT_TRUE(split);
}

TEST_F(PriorityStreamTest, AResumeGoesOnFromBothPlaces) {
  AddMany(600, 10);
  const Place place = At(37, 450);
  Peer& peer = Follow(From(place));
  Settle();
  EXPECT_EQ(peer.sink.Events(), UrgentFirst(place));
  EXPECT_EQ(peer.sink.First(Kind::kSubscribed)->place, place);
}

TEST_F(PriorityStreamTest, AResumeWithoutPriorityGoesOnFromBothPlaces) {
  AddMany(600, 10);
  SubscribeOptions options = From(At(37, 450));
  options.priority = false;
  Peer& peer = Follow(std::move(options));
  Settle();
  EXPECT_EQ(peer.sink.Events(), UrgentFirst(At(37, 450)));
  peer.takes = false;
  AddMany(400, 10);
  Settle();
  peer.takes = true;
  Settle();
  const std::vector<Sequence> events = peer.sink.Events();
  EXPECT_THAT(std::vector(events.end() - 400, events.end()), Range(601, 1'000));
}

// The ordinary events may also be the ones that have come further: whoever is given both places in
// some other way loses nothing either.
TEST_F(PriorityStreamTest, TheUrgentPlaceMayBeTheEarlierOne) {
  AddMany(600, 10);
  const Place place = At(450, 37);
  Peer& peer = Follow(From(place));
  Settle();
  EXPECT_EQ(peer.sink.Events(), UrgentFirst(place));
}

TEST_F(PriorityStreamTest, AnotherFilterGoesOnFromBothPlaces) {
  AddMany(600, 10);
  Peer& peer = Follow(From(At(0)));
  peer.takes = false;
  Settle();
  SubscribeOptions options = From(At(0));
  options.start.reset();
  shard.Subscribe(peer.id, std::move(options));
  peer.takes = true;
  Settle();
  std::vector<Sequence> events = peer.sink.Events();
  std::sort(events.begin(), events.end());
  EXPECT_EQ(events, Range(1, 600));
}

TEST_F(PriorityStreamTest, UnsubscribedInTheMidstOfIt) {
  AddMany(600, 10);
  Peer& peer = Follow(From(At(0)));
  peer.takes = false;
  Settle();
  EXPECT_TRUE(shard.Unsubscribe(peer.id, 1));
  peer.takes = true;
  Settle();
  EXPECT_EQ(peer.sink.seen.back().kind, Kind::kUnsubscribed);
  EXPECT_EQ(shard.stats().subscriptions, 0u);
  EXPECT_EQ(shard.SumMemory().subscription_bytes, 0u);
}

TEST_F(PriorityStreamTest, AnotherSubscriptionOfTheSamePeerGetsAllInOrder) {
  AddMany(300, 10);
  Peer& peer = Follow(From(At(0)));
  shard.Subscribe(peer.id, {.tag = 2, .filter = Filter::MatchAll(), .start = At(0)});
  Settle();
  AddMany(60, 3);
  Settle();
  EXPECT_EQ(peer.sink.Events(2), Range(1, 360));
  std::vector<Sequence> mine = peer.sink.Events(1);
  std::sort(mine.begin(), mine.end());
  EXPECT_EQ(mine, Range(1, 360));
  for (const auto& one : peer.sink.seen) {
    if (one.kind == Kind::kEvent && one.IsFor(2)) {
      EXPECT_FALSE(one.place.is_split());
    }
  }
}

TEST_F(PriorityStreamTest, IsSplitOnlyWhileItIsBehind) {
  AddMany(300, 10);
  Peer& peer = Follow(From(At(0)));
  peer.takes = false;
  Settle();
  const auto report = shard.Report(peer.id)->subscriptions.front();
  EXPECT_FALSE(report.live);
  EXPECT_TRUE(report.place.is_split());
  EXPECT_EQ(report.behind, 300 - report.place.ordinary.sequence);
  EXPECT_TRUE(shard.Report(peer.id)->sent.is_split());
  const size_t split = shard.SumMemory().subscription_bytes;
  peer.takes = true;
  Settle();
  EXPECT_TRUE(shard.Report(peer.id)->subscriptions.front().live);
  EXPECT_LE(shard.SumMemory().subscription_bytes + sizeof(Subscription), split);
}

// Whether each place that the peer was told says exactly what it had been given by then.
void ExpectExactPlaces(const std::vector<RecordingSink::Seen>& seen, const Place& from,
                       const std::vector<EventPtr>& log) {
  std::map<bool, std::vector<Sequence>> owed;  // by urgent
  for (const EventPtr& event : log) owed[event->urgent].push_back(event->cursor.sequence);
  std::map<bool, std::vector<Sequence>> given;
  for (const auto& one : seen) {
    if (one.kind == Kind::kEvent) {
      const Sequence sequence = one.cursor.sequence;
      given[log[sequence - 1]->urgent].push_back(sequence);
    }
    if (one.place.ordinary.epoch == 0) continue;
    for (const bool urgent : {false, true}) {
      const auto of = [&](const Place& place) {
        return urgent ? place.urgent.sequence : place.ordinary.sequence;
      };
      const auto first = std::upper_bound(owed[urgent].begin(), owed[urgent].end(), of(from));
      const auto last = std::upper_bound(owed[urgent].begin(), owed[urgent].end(), of(one.place));
      const auto count = static_cast<size_t>(std::max<ptrdiff_t>(last - first, 0));
      ASSERT_EQ(given[urgent].size(), count) << "at " << of(one.place) << ", urgent: " << urgent;
      ASSERT_TRUE(count == 0 || given[urgent].back() == *std::prev(last));
    }
  }
  for (const bool urgent : {false, true}) {
    EXPECT_TRUE(std::is_sorted(given[urgent].begin(), given[urgent].end(), std::less_equal<>()));
  }
}

// A slice of the log is more than may wait for a peer, and may end past the live cohort's place.
class SharedPriorityStreamTest : public PriorityStreamTest,
                                 public ::testing::WithParamInterface<int> {
 protected:
  SharedPriorityStreamTest() : PriorityStreamTest(/*pending_messages=*/18, /*replay_events=*/64) {}
};

// Peers that read in the same cohorts, some of which take nothing for a while: each is parked by
// itself, in the midst of a pass that goes on for the others.
TEST_P(SharedPriorityStreamTest, ThoseThatReadTogetherEachGetAll) {
  std::mt19937 random(static_cast<uint32_t>(GetParam()));
  const auto some = [&](size_t most) { return random() % (most + 1); };
  AddMany(200, 5);
  std::vector<std::pair<Peer*, Place>> all;
  for (int i = 0; i < 6; ++i) {
    const Sequence ordinary = some(3) * 20;
    const Place from = At(ordinary, ordinary + some(1) * 50);
    SubscribeOptions options = From(from);
    options.priority = i < 5;
    all.emplace_back(&Follow(std::move(options)), from);
  }
  for (int round = 0; round < 20; ++round) {
    for (const auto& [peer, from] : all) peer->takes = some(3) > 0;
    AddMany(some(60), 1 + some(8));
    Turns(static_cast<int>(some(4)));
    AddMany(some(1) * 90, 1 + some(8));
    for (size_t turns = some(3); turns > 0; --turns) shard.RunOnce();  // within the tick
    if (some(1) == 0) shard.Bookmark(all[some(5)].first->id, {.kind = 1, .text = "p"});
    if (some(2) == 0) Settle();
  }
  for (const auto& [peer, from] : all) peer->takes = true;
  Settle();
  for (const auto& [peer, from] : all) {
    ExpectExactPlaces(peer->sink.seen, from, log.all);
    EXPECT_EQ(peer->sink.seen.back().place, At(log.latest().sequence));
  }
  EXPECT_EQ(shard.stats().live, 6u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SharedPriorityStreamTest, ::testing::Range(1, 31));

// ---- gaps ----

TEST_F(PriorityStreamTest, WhatHasExpiredAtTheOrdinaryPlaceIsToldAtOnce) {
  AddMany(600, 10);
  log.Expire(200);
  Peer& peer = Follow(From(At(37, 450)));
  Settle();
  EXPECT_FALSE(peer.sink.First(Kind::kSubscribed)->recovered);
  const auto* gap = peer.sink.First(Kind::kGap);
  ASSERT_NE(gap, nullptr);
  EXPECT_EQ(gap->gap->from, At(37));
  EXPECT_EQ(gap->gap->to, At(200));
  EXPECT_EQ(gap->place, At(200, 450));
  EXPECT_EQ(peer.sink.Events(), UrgentFirst(At(200, 450)));
}

TEST_F(PriorityStreamTest, WhatHasExpiredAtBothPlacesIsToldOnce) {
  AddMany(600, 10);
  log.Expire(200);
  Peer& peer = Follow(From(At(37, 150)));
  Settle();
  EXPECT_THAT(PlacesOf(peer, Kind::kGap), ElementsAre(At(200)));
  EXPECT_EQ(peer.sink.Events(), UrgentFirst(At(200)));
}

TEST_F(PriorityStreamTest, IsRefusedByTheOrdinaryPlaceWhereAGapIsNotWanted) {
  AddMany(600, 10);
  log.Expire(200);
  SubscribeOptions options = From(At(37, 450));
  options.notify_on_gap = false;
  Peer& peer = Follow(std::move(options));
  Settle();
  EXPECT_THAT(peer.sink.Kinds(), ElementsAre(Kind::kEnded));
  EXPECT_EQ(shard.stats().subscriptions, 0u);
}

TEST_F(PriorityStreamTest, TheOrdinaryPartTellsWhatHasExpiredMeanwhile) {
  AddMany(600, 100);
  Peer& peer = Follow(From(At(0)));
  peer.takes = false;
  Settle();
  log.Expire(400);
  peer.takes = true;
  Settle();
  const auto* gap = peer.sink.First(Kind::kGap);
  ASSERT_NE(gap, nullptr);
  EXPECT_EQ(gap->gap->to, At(400));
  EXPECT_EQ(gap->place.ordinary, At(400));
  std::set<Sequence> given;
  for (const Sequence each : peer.sink.Events()) EXPECT_TRUE(given.insert(each).second) << each;
  for (Sequence each = 1; each <= 600; ++each) {
    if (each > 400 || IsUrgentAt(each) || each <= gap->gap->from.sequence) {
      EXPECT_TRUE(given.contains(each)) << each;
    }
  }
}

TEST_F(PriorityStreamTest, ThePartThatMeetsAGapEndsThemBothWhereItIsNotWanted) {
  AddMany(600, 10);
  SubscribeOptions options = From(At(0));
  options.notify_on_gap = false;
  Peer& peer = Follow(std::move(options));
  peer.takes = false;
  Settle();
  log.Expire(400);
  peer.takes = true;
  Settle();
  EXPECT_EQ(peer.sink.seen.back().kind, Kind::kEnded);
  EXPECT_EQ(shard.stats().subscriptions, 0u);
  EXPECT_EQ(shard.SumMemory().subscription_bytes, 0u);
}

// The urgent place is of a life of the log whose end was lost, where later events have lower
// sequences than it: the log says so, and none of them is taken for one that was given.
TEST_F(PriorityStreamTest, AnUrgentPlaceThatTheLogHasLostIsToldAsAGap) {
  AddMany(600, 10);
  Peer& peer = Follow(From({At(37), Cursor{kOtherEpoch, 450}}));
  Settle();
  const auto* gap = peer.sink.First(Kind::kGap);
  ASSERT_NE(gap, nullptr);
  EXPECT_EQ(gap->place, At(37, 0));
  EXPECT_EQ(peer.sink.Events(), UrgentFirst(At(37, 0)));
}

TEST_F(PriorityStreamTest, PlacesOfAnotherLogBeginAnew) {
  AddMany(600, 10);
  Peer& peer = Follow(From({Cursor{kOtherEpoch, 300}, Cursor{kOtherEpoch, 450}}));
  Settle();
  EXPECT_FALSE(peer.sink.First(Kind::kSubscribed)->recovered);
  EXPECT_EQ(peer.sink.Events(), UrgentFirst());
}

TEST_F(PriorityStreamTest, AnUrgentPlacePastTheEndIsRefused) {
  AddMany(600, 10);
  Peer& peer = Follow(From(At(37, 700)));
  Settle();
  EXPECT_EQ(peer.sink.seen.back().kind, Kind::kEnded);
  EXPECT_THAT(peer.sink.Events(), IsEmpty());
}

// ---- random logs, filters, sinks and cuts against what was promised ----

class PriorityStreamChainTest : public PriorityStreamTest,
                                public ::testing::WithParamInterface<int> {
 protected:
  size_t Some(size_t most) { return std::uniform_int_distribution<size_t>(0, most)(random_); }

  void AddSome(size_t most) {
    for (size_t left = Some(most); left > 0; --left) {
      Add(Some(9) == 0, Some(1) == 0 ? v1::SEVERITY_P0 : v1::SEVERITY_P2);
    }
  }

  SubscribeOptions Options(const Place& from) {
    SubscribeOptions options = From(from, filter_);
    options.priority = Some(4) > 0;  // now and then a client that does not ask for it again
    return options;
  }

  // One connection, of which the client sees a part before the cut; returns where it resumes from.
  Place Connect(const Place& from, bool to_the_end) {
    Peer& peer = Follow(Options(from));
    for (size_t steps = Some(8); steps > 0; --steps) {
      peer.takes = Some(2) > 0;
      AddSome(120);
      Turns(static_cast<int>(Some(4)));
      if (Some(2) == 0) shard.Bookmark(peer.id, {.kind = 1, .text = "p"});
      if (Some(4) == 0) ReplaceFilter(peer);
      if (expires_ && Some(5) == 0) log.Expire(log.earliest.sequence + Some(60));
      if (Some(1) == 0) Settle();
    }
    if (to_the_end) {
      peer.takes = true;
      Settle();
    }
    const size_t seen = to_the_end ? peer.sink.seen.size() : Some(peer.sink.seen.size());
    Place last = from;
    for (const auto& one : std::span(peer.sink.seen).first(seen)) last = Take(one, last);
    shard.Remove(peer.id);
    return last;
  }

  // The same filter, at the exact place where the subscription is.
  void ReplaceFilter(Peer& peer) {
    SubscribeOptions options = Options({});
    options.start.reset();
    options.urgent.reset();
    shard.Subscribe(peer.id, std::move(options));
  }

  Place Take(const RecordingSink::Seen& one, const Place& last) {
    EXPECT_NE(one.kind, Kind::kEnded);
    if (one.kind == Kind::kEvent) {
      const Sequence sequence = one.cursor.sequence;
      EXPECT_TRUE(given_.insert(sequence).second) << sequence << " comes twice";
      Sequence& before = last_[IsUrgentAt(sequence)];
      EXPECT_GT(sequence, before) << "goes back within its class";
      before = sequence;
    } else if (one.kind == Kind::kGap) {
      gaps_.push_back({one.gap->from.sequence, one.gap->to.sequence});
    } else if (one.kind == Kind::kSubscribed && !one.recovered) {
      return last;  // what is missing follows
    }
    if (one.place.ordinary.epoch == 0) return last;
    EXPECT_GE(one.place.ordinary.sequence, last.ordinary.sequence);
    EXPECT_GE(one.place.urgent.sequence, last.urgent.sequence);
    return one.place;
  }

  void Check() const {
    for (const EventPtr& event : log.all) {
      const Sequence place = event->cursor.sequence;
      const bool owed = filter_->Judge(event->facts) != Verdict::kNone;
      const bool missing = std::any_of(gaps_.begin(), gaps_.end(), [&](const auto& gap) {
        return gap.first < place && place <= gap.second;
      });
      EXPECT_TRUE(owed || !given_.contains(place)) << place;
      EXPECT_TRUE(!owed || given_.contains(place) || missing) << place << " is lost";
    }
  }

  std::mt19937 random_{static_cast<uint32_t>(GetParam())};
  FilterPtr filter_;
  bool expires_ = false;
  std::set<Sequence> given_;
  std::map<bool, Sequence> last_;
  std::vector<std::pair<Sequence, Sequence>> gaps_;
};

TEST_P(PriorityStreamChainTest, AChainOfResumesLosesAndRepeatsNothing) {
  filter_ = Some(1) == 0 ? Filter::MatchAll() : SeverityFilter(v1::SEVERITY_P0);
  expires_ = Some(2) == 0;
  AddSome(1'000);
  Place place = At(0);
  for (int cut = 0; cut < 8; ++cut) place = Connect(place, cut == 7);
  Check();
  EXPECT_FALSE(place.is_split());
}

INSTANTIATE_TEST_SUITE_P(Seeds, PriorityStreamChainTest, ::testing::Range(1, 81));

}  // namespace
}  // namespace tocsin
