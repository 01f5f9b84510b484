// What a shard says of a subscriber, for whoever explains a live session.
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "core/event/time_proto.h"
#include "core/stream/live_session.h"
#include "core/stream/session_explanation.h"
#include "core/stream/shard.h"
#include "tests/core/stream_fixture.h"

namespace tocsin {
namespace {

using testing::kEpoch;
using testing::SeverityFilter;
using testing::ShardTest;

TEST_F(ShardTest, ReportsOneThatIsLive) {
  Peer& peer = AddPeer();
  shard.Subscribe(peer.id, {.tag = 7, .filter = SeverityFilter(v1::SEVERITY_P2)});
  AppendUpTo(5);
  Settle();
  const auto report = shard.Report(peer.id);
  ASSERT_TRUE(report.has_value());
  ASSERT_EQ(report->subscriptions.size(), 1u);
  const SubscriptionReport& subscription = report->subscriptions.front();
  EXPECT_EQ(subscription.tag, 7u);
  EXPECT_TRUE(subscription.live);
  EXPECT_EQ(subscription.behind, 0u);
  EXPECT_EQ(subscription.place, (Cursor{kEpoch, 5}));
  EXPECT_EQ(subscription.filter->key(), SeverityFilter(v1::SEVERITY_P2)->key());
  EXPECT_EQ(report->sent, (Cursor{kEpoch, 5}));
  EXPECT_EQ(report->waiting_bytes, 0u);
}

TEST_F(ShardTest, ReportsByHowMuchOneIsBehindAndWhatItWasSentLast) {
  Peer& slow = AddPeer();
  slow.takes = false;
  shard.Subscribe(slow.id, {.tag = 1, .filter = Filter::MatchAll()});
  Settle();
  for (Sequence last = 100; last <= 5000; last += 100) {
    AppendUpTo(last);
    Settle();
  }
  const auto report = shard.Report(slow.id);
  const SubscriptionReport& subscription = report->subscriptions.front();
  EXPECT_FALSE(subscription.live);
  // What was given to it stands before its place, all else is still to come.
  EXPECT_GE(subscription.place.ordinary.sequence, limits::kPendingMessages);
  EXPECT_EQ(subscription.behind, 5000 - subscription.place.ordinary.sequence);
  EXPECT_LT(report->sent.ordinary.sequence, subscription.place.ordinary.sequence);
  EXPECT_GT(report->waiting_bytes, 0u);
  slow.takes = true;
  Settle();
  EXPECT_TRUE(shard.Report(slow.id)->subscriptions.front().live);
  EXPECT_EQ(shard.Report(slow.id)->sent, (Cursor{kEpoch, 5000}));
}

TEST_F(ShardTest, ReportsNothingOfOneThatIsUnknown) {
  Peer& peer = AddPeer();
  EXPECT_TRUE(shard.Report(peer.id)->subscriptions.empty());
  shard.Remove(peer.id);
  EXPECT_FALSE(shard.Report(peer.id).has_value());
}

TEST(SessionExplanationTest, HasTheTimeOfTheLastWriteAndTheFiltersAsAskedFor) {
  ManualClock clock;
  clock.Advance(absl::Seconds(100));
  SubscriberReport report{.sent = Cursor{kEpoch, 9}, .sent_at = absl::Seconds(97)};
  const FilterPtr both[] = {SeverityFilter(v1::SEVERITY_P0), SeverityFilter(v1::SEVERITY_P1)};
  report.subscriptions.push_back({.filter = Filter::AllOf(both), .behind = 4});
  v1::SessionExplanation session;
  FillSession(report, clock, session);
  EXPECT_EQ(session.last_cursor(), FormatCursor({kEpoch, 9}));
  EXPECT_EQ(ToTime(session.last_sent_at()), clock.Now() - absl::Seconds(3));
  ASSERT_EQ(session.subscriptions_size(), 1);
  EXPECT_EQ(session.subscriptions(0).filter().severities_size(), 1);
  EXPECT_EQ(session.subscriptions(0).require_size(), 1);
  EXPECT_EQ(session.subscriptions(0).behind(), 4u);
  EXPECT_EQ(session.subscriptions(0).cursor(), "");  // the log has not said yet
}

}  // namespace
}  // namespace tocsin
