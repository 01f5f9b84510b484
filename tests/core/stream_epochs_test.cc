// A window of several lives of the log: the hub was restarted, and nothing was lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/stream/shard.h"
#include "tests/core/stream_fixture.h"

namespace tocsin {
namespace {

using ::testing::ElementsAre;
using testing::kEpoch;
using testing::MakeEvent;
using testing::ShardTest;
using Kind = Item::Kind;

constexpr Epoch kNextEpoch = kEpoch + 1;

class EpochsTest : public ShardTest {
 protected:
  // Of the life that the hub's restart began.
  void AppendNext(Sequence sequence) {
    auto event = std::make_shared<EventRecord>(*MakeEvent(sequence));
    event->cursor.epoch = kNextEpoch;
    Append(event);
  }
  Peer& SubscribeFrom(const Cursor& start) {
    Peer& peer = AddPeer();
    shard.Subscribe(peer.id, {.tag = 1, .filter = Filter::MatchAll(), .start = start});
    Settle();
    return peer;
  }
};

TEST_F(EpochsTest, ALiveSubscriptionStaysLive) {
  AppendUpTo(5);
  Peer& peer = SubscribeFrom({kEpoch, 5});
  log.window.Advance({kNextEpoch, 5});
  AppendNext(6);
  Settle();
  EXPECT_THAT(peer.sink.Kinds(), ElementsAre(Kind::kSubscribed, Kind::kCaughtUp, Kind::kEvent));
  EXPECT_EQ(shard.position(), (Cursor{kNextEpoch, 6}));
  EXPECT_EQ(shard.stats().fell_behind.load(), 0u);
}

// Symptom: after a hub's restart every client that resumed from the place at which it stopped was
// sent to the hub. Cause: that place has two names, and the window held it under one of them only
// until the next event. The older window test stopped before that event.
TEST_F(EpochsTest, ThePlaceBetweenIsServedFromTheWindowUnderBothNames) {
  AppendUpTo(5);
  log.window.Advance({kNextEpoch, 5});
  for (const Epoch epoch : {kEpoch, kNextEpoch}) {
    Peer& peer = SubscribeFrom({epoch, 5});
    EXPECT_THAT(peer.sink.Kinds(), ElementsAre(Kind::kSubscribed, Kind::kCaughtUp));
  }
  AppendNext(6);
  for (const Epoch epoch : {kEpoch, kNextEpoch}) {
    Peer& peer = SubscribeFrom({epoch, 5});
    EXPECT_THAT(peer.sink.Kinds(), ElementsAre(Kind::kSubscribed, Kind::kEvent, Kind::kCaughtUp));
  }
  EXPECT_EQ(log.opened, 0);
}

// Symptom: a client resumed from a bookmark and was never told that events were lost. Cause: one of
// its subscriptions stood among those events, and was taken to be ahead of the bookmark's place.
// The older tests reset the window only under subscriptions that stood at its end.
TEST_F(EpochsTest, NoBookmarkPassesASubscriptionAmongLostEvents) {
  AppendUpTo(9);
  Peer& peer = AddPeer();
  Settle();
  shard.Subscribe(
      peer.id,
      {.tag = 1, .filter = Filter::MatchAll(), .start = Cursor{kEpoch, 8}, .notify_on_gap = true});
  log.window.Reset({GapReason::kEpoch, {kEpoch, 9}, {kEpoch, 7}});
  log.all.resize(7);
  log.before_next = [&] { shard.Bookmark(peer.id, {.kind = 1, .text = "ping"}); };
  Settle();
  const auto* bookmark = peer.sink.First(Kind::kBookmark);
  ASSERT_NE(bookmark, nullptr);
  EXPECT_EQ(bookmark->cursor.epoch, 0u);
}

// A log that is read by hand.
class HandLog : public LogReader {
 public:
  std::unique_ptr<CatchUp> Open(Shard&, const StartPoint&, FilterPtr, Deliver deliver) override {
    answer = std::move(deliver);
    return std::make_unique<Reading>();
  }
  Deliver answer;

 private:
  class Reading : public CatchUp {
    void Next(size_t, size_t) override {}
  };
};

// Symptom: a client of a bridge had a snapshot, the hub lost what it had not synced, and other events
// came under the places that were lost, without a gap. Cause: a gap that ends before it begins was
// taken for one that lies before the member's place. The older tests' logs never ended earlier.
TEST(EpochsByHandTest, WhoReadTheLogPastItsNewEndIsToldOfTheGap) {
  const Cursor read{kEpoch, 57};
  const Cursor end{kEpoch, 50};
  ManualClock clock;
  HandLog log;
  Window window({100, 1 << 30});
  window.Start({kEpoch, 30});
  Shard shard(window, log, clock, {});
  testing::RecordingSink sink;
  sink.sends_at_once = true;
  const SubscriberId id = shard.Add(&sink, absl::ZeroDuration());
  shard.Subscribe(id,
                  {.tag = 1, .filter = Filter::MatchAll(), .start = read, .notify_on_gap = true});
  const auto run = [&] {
    for (int turn = 0; turn < 5; ++turn) {
      clock.Advance(limits::kHotTick);
      shard.RunOnce();
    }
  };
  run();
  log.answer({.from = read, .to = read, .earliest = {kEpoch, 0}, .latest = read});
  run();
  log.answer({.from = end,
              .gap = Gap{GapReason::kEpoch, read, end},
              .to = end,
              .earliest = {kEpoch, 0},
              .latest = end});
  run();
  const auto* gap = sink.First(Kind::kGap);
  ASSERT_NE(gap, nullptr);
  EXPECT_EQ(gap->gap->from, read);
  EXPECT_EQ(gap->gap->to, end);
  shard.Remove(id);
}

}  // namespace
}  // namespace tocsin
