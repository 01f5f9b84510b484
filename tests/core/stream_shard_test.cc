// Live subscriptions of a peer: writes, ticks, and changes of what it follows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/stream/shard.h"
#include "tests/core/stream_fixture.h"

namespace tocsin {
namespace {

using ::testing::ElementsAre;
using testing::MakeEvent;
using testing::Range;
using testing::SeverityFilter;
using testing::ShardTest;
using Kind = Item::Kind;

TEST_F(ShardTest, OneWriteInFlightAndTheRestWaitsForIt) {
  Peer& peer = AddPeer();
  peer.takes = false;
  shard.Subscribe(peer.id, {.tag = 1, .filter = Filter::MatchAll()});
  Settle();
  ASSERT_EQ(peer.sink.writes, 1);  // kSubscribed
  AppendUpTo(10);
  Settle();
  EXPECT_EQ(peer.sink.writes, 1);
  peer.takes = true;
  Settle();
  EXPECT_EQ(peer.sink.writes, 2);
  EXPECT_EQ(peer.sink.Events(), Range(1, 10));
}

TEST_F(ShardTest, ALoneEventLeavesInTheTurnThatSeesIt) {
  Peer& peer = AddPeer();
  shard.Subscribe(peer.id, {.tag = 1, .filter = Filter::MatchAll()});
  Settle();
  clock.Advance(absl::Seconds(5));
  AppendUpTo(1);
  shard.RunOnce();
  EXPECT_EQ(peer.sink.Events(), Range(1, 1));
}

TEST_F(ShardTest, AHotStreamWaitsOneTickAndThenSendsAllAtOnce) {
  Peer& peer = AddPeer();
  shard.Subscribe(peer.id, {.tag = 1, .filter = Filter::MatchAll()});
  Settle();
  clock.Advance(absl::Seconds(5));
  AppendUpTo(1);
  shard.RunOnce();
  peer.sink.in_flight = false;
  shard.Written(peer.id);
  const int writes = peer.sink.writes;
  AppendUpTo(2);
  const absl::Duration due = shard.RunOnce();
  AppendUpTo(3);
  shard.RunOnce();
  EXPECT_EQ(peer.sink.writes, writes);
  EXPECT_LE(due, clock.Monotonic() + limits::kHotTick);
  clock.Advance(limits::kHotTick);
  shard.RunOnce();
  EXPECT_EQ(peer.sink.writes, writes + 1);
  EXPECT_EQ(peer.sink.Events(), Range(1, 3));
}

TEST_F(ShardTest, SubscriptionsOfOnePeerShareOneMessage) {
  Peer& peer = AddPeer();
  shard.Subscribe(peer.id, {.tag = 7, .filter = Filter::MatchAll()});
  shard.Subscribe(peer.id, {.tag = 8, .filter = SeverityFilter(v1::SEVERITY_P0)});
  shard.Subscribe(peer.id, {.tag = 9, .filter = SeverityFilter(v1::SEVERITY_P1)});
  Settle();
  Append(MakeEvent(1, v1::SEVERITY_P0));
  Settle();
  const auto* event = peer.sink.First(Kind::kEvent);
  ASSERT_NE(event, nullptr);
  EXPECT_THAT(event->tags, ::testing::UnorderedElementsAre(7, 8));
  EXPECT_EQ(peer.sink.Events(), Range(1, 1));
}

TEST_F(ShardTest, AKnownTagGetsTheNewFilterAtOnePlace) {
  Peer& peer = AddPeer();
  shard.Subscribe(peer.id, {.tag = 1, .filter = SeverityFilter(v1::SEVERITY_P0)});
  Settle();
  Append(MakeEvent(1, v1::SEVERITY_P0));
  Append(MakeEvent(2, v1::SEVERITY_P1));
  Settle();
  shard.Subscribe(peer.id, {.tag = 1, .filter = SeverityFilter(v1::SEVERITY_P1)});
  Append(MakeEvent(3, v1::SEVERITY_P0));
  Append(MakeEvent(4, v1::SEVERITY_P1));
  Settle();
  EXPECT_THAT(peer.sink.Events(), ElementsAre(1, 4));
  EXPECT_EQ(shard.stats().subscriptions, 1u);
}

TEST_F(ShardTest, NothingComesAfterUnsubscribed) {
  Peer& peer = AddPeer();
  shard.Subscribe(peer.id, {.tag = 1, .filter = Filter::MatchAll()});
  Settle();
  AppendUpTo(3);
  Settle();
  EXPECT_TRUE(shard.Unsubscribe(peer.id, 1));
  EXPECT_FALSE(shard.Unsubscribe(peer.id, 1));
  AppendUpTo(6);
  Settle();
  EXPECT_EQ(peer.sink.Events(), Range(1, 3));
  EXPECT_EQ(peer.sink.seen.back().kind, Kind::kUnsubscribed);
  EXPECT_EQ(shard.stats().subscriptions, 0u);
}

TEST_F(ShardTest, RemoveForgetsThePeerAndLateCompletionsAreIgnored) {
  Peer& peer = AddPeer();
  peer.takes = false;
  shard.Subscribe(peer.id, {.tag = 1, .filter = Filter::MatchAll(), .start = Earliest{}});
  shard.Remove(peer.id);
  shard.Written(peer.id);
  shard.Bookmark(peer.id, {.kind = 1});
  AppendUpTo(10);
  Settle();
  EXPECT_TRUE(peer.sink.seen.empty());
  EXPECT_EQ(shard.stats().subscribers, 0u);
  EXPECT_EQ(shard.SumMemory().pending_bytes, 0u);
}

}  // namespace
}  // namespace tocsin
