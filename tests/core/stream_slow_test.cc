// Peers and shards that are too slow: batches that are full, windows that move on, writes that do
// not end.
#include <gtest/gtest.h>

#include "core/stream/shard.h"
#include "tests/core/stream_fixture.h"

namespace tocsin {
namespace {

using testing::MakeEvent;
using testing::Range;
using testing::ShardTest;

TEST_F(ShardTest, FullBatchFallsBackToTheLogAndNothingIsLost) {
  Peer& slow = AddPeer();
  Peer& quick = AddPeer();
  slow.takes = false;
  for (Peer* peer : {&slow, &quick}) {
    shard.Subscribe(peer->id, {.tag = 1, .filter = Filter::MatchAll()});
  }
  Settle();
  for (Sequence last = 100; last <= 5000; last += 100) {
    AppendUpTo(last);
    Settle();
  }
  EXPECT_EQ(quick.sink.Events(), Range(1, 5000));
  EXPECT_EQ(shard.stats().fell_behind, 1u);
  EXPECT_EQ(shard.stats().live, 1u);
  EXPECT_LE(shard.SumMemory().pending_bytes, limits::kPendingMessages * 200);
  slow.takes = true;
  Settle();
  EXPECT_EQ(slow.sink.Events(), Range(1, 5000));
  EXPECT_EQ(shard.stats().live, 2u);
}

TEST_F(ShardTest, ABurstDoesNotSendAQuickSubscriberBehind) {
  Peer& peer = AddPeer();
  shard.Subscribe(peer.id, {.tag = 1, .filter = Filter::MatchAll()});
  Settle();
  AppendUpTo(90);
  Settle();
  EXPECT_EQ(shard.stats().fell_behind, 0u);
  EXPECT_EQ(peer.sink.Events(), Range(1, 90));
}

TEST_F(ShardTest, AShardThatTheWindowOvertookReadsTheLog) {
  Peer& peer = AddPeer();
  shard.Subscribe(peer.id, {.tag = 1, .filter = Filter::MatchAll()});
  Settle();
  AppendUpTo(5000);  // 50 windows, before the shard looks
  Settle();
  EXPECT_EQ(peer.sink.Events(), Range(1, 5000));
}

TEST_F(ShardTest, APeerThatTakesNothingIsStuckAfterTenSeconds) {
  Peer& peer = AddPeer();
  peer.takes = false;
  shard.Subscribe(peer.id, {.tag = 1, .filter = Filter::MatchAll()});
  Settle();
  clock.Advance(absl::Seconds(9));
  Settle();
  EXPECT_EQ(peer.sink.stuck, 0);
  clock.Advance(absl::Seconds(3));
  Settle();
  EXPECT_EQ(peer.sink.stuck, 1);
  EXPECT_EQ(shard.stats().subscriptions, 0u);
  AppendUpTo(3);
  Settle();
  EXPECT_TRUE(peer.sink.Events().empty());
}

TEST_F(ShardTest, APeerThatTakesALittleIsNotStuck) {
  Peer& peer = AddPeer();
  peer.takes = false;
  shard.Subscribe(peer.id, {.tag = 1, .filter = Filter::MatchAll()});
  Settle();
  for (int i = 0; i < 10; ++i) {
    clock.Advance(absl::Seconds(6));
    ++peer.sink.taken;
    Settle();
  }
  EXPECT_EQ(peer.sink.stuck, 0);
}

// Symptom: a subscriber that waited for the shard to come to its place heard nothing until the next
// event. Cause: when the window overtook the shard, those who waited were not looked at again. The
// older tests' bursts were shorter than a turn.
TEST(ShardBurstTest, WhoWaitsForTheShardIsServedWhenTheWindowOvertakesIt) {
  ManualClock clock;
  testing::VectorLog log({1500, 1 << 30});
  Shard shard(log.window, log, clock, {});
  bool rung = false;
  shard.SetBell([&] { rung = true; });
  testing::RecordingSink sink;
  shard.RunOnce();
  log.AppendUpTo(1400);
  shard.Ring();
  shard.RunOnce();  // one turn's share
  const SubscriberId id = shard.Add(&sink, absl::ZeroDuration());
  shard.Subscribe(id, {.tag = 1, .filter = Filter::MatchAll()});
  shard.RunOnce();  // the shard is not at the subscriber's place yet
  log.AppendUpTo(4000);
  shard.Ring();
  for (int turn = 0; turn < 200 && (rung || sink.in_flight); ++turn) {
    rung = false;
    clock.Advance(limits::kHotTick);
    shard.RunOnce();
    if (sink.in_flight) {
      sink.in_flight = false;
      shard.Written(id);
    }
  }
  EXPECT_EQ(sink.Events(), Range(1401, 4000));
}

// Symptom: 60 MB for each million events sent to one subscriber that is always a little behind.
// Cause: what was sent left the batch only when nothing waited. The older tests looked at the bytes
// of what waits, not at the batch itself.
TEST(OutboxTest, WhatWasSentIsGivenUpWhileSomethingAlwaysWaits) {
  Outbox outbox;
  std::vector<Sequence> sent;
  Sequence next = 1;
  size_t largest = 0;
  for (int round = 0; round < 200; ++round) {
    while (outbox.pending() < limits::kWriteEvents + 1) {
      outbox.PushEvent(Item::Kind::kEvent, MakeEvent(next), static_cast<SubscriptionTag>(next));
      ++next;
    }
    const WriteView view = outbox.Next(limits::kWriteEvents, limits::kPendingBytes);
    for (const Item& item : view.items) {
      ASSERT_EQ(view.TagsOf(item).size(), 1u);
      ASSERT_EQ(view.TagsOf(item)[0], item.cursor.sequence);
      sent.push_back(item.cursor.sequence);
    }
    outbox.Consume(view.items.size());
    largest = std::max(largest, outbox.held_bytes());
  }
  EXPECT_EQ(sent, Range(1, sent.size()));
  EXPECT_LE(largest, 4 * limits::kWriteEvents * (sizeof(Item) + sizeof(SubscriptionTag)));
}

}  // namespace
}  // namespace tocsin
