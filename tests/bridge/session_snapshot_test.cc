// A subscription with a snapshot: what the client is told, in which order, and how the snapshot
// waits for the client.
#include <gmock/gmock.h>

#include "core/event/error.h"
#include "tests/bridge/session_fixture.h"

namespace tocsin::bridge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kEpoch;
using testing::Subscribe;
namespace json = boost::json;

constexpr char kSnapshot[] = R"("snapshot":true)";

std::string Place(Sequence sequence) { return FormatCursor({kEpoch, sequence}); }

class SessionSnapshotTest : public testing::SessionTest {
 protected:
  Client& ConnectAndForget() {
    Client& client = Connect();
    Got(client);
    return client;
  }
  void Give(Sequence place, std::string_view incidents, bool first, bool last) {
    snapshots.Give(place, incidents, first, last);
    Settle();
  }
  void Unsubscribe(Client& client, std::string_view id) {
    Send(client,
         absl::StrCat(R"({"type":"unsubscribe","subscription_id":")", std::string(id), "\"}"));
  }
};

TEST_F(SessionSnapshotTest, IsToldFirstThenGivenInPartsAndThenComesWhatChanged) {
  PublishUpTo(5);
  Client& client = ConnectAndForget();
  Send(client, Subscribe("a", R"("snapshot":true,"filters":{"sources":["monitor"]})"));
  EXPECT_THAT(Got(client), IsEmpty()) << "its place is not known yet";
  ASSERT_EQ(snapshots.opened.size(), 1u);
  EXPECT_EQ(snapshots.opened[0]->filter->clauses()[0].proto().sources(0), "monitor");
  Give(3, "1,2", /*first=*/true, /*last=*/false);
  std::vector<json::object> got = Got(client);
  ASSERT_THAT(Types(got), ElementsAre("subscribed", "snapshot"));
  EXPECT_EQ(Text(got[0], "cursor"), Place(3));
  EXPECT_EQ(json::serialize(got[1]),
            absl::StrCat(R"({"type":"snapshot","subscription_id":"a","cursor":")", Place(3),
                         R"(","incidents":[1,2],"first":true,"last":false})"));
  Give(3, "3", /*first=*/false, /*last=*/true);
  got = Got(client);
  ASSERT_THAT(Types(got), ElementsAre("snapshot", "event", "event"));
  EXPECT_EQ(Text(got[0], "last"), "true");
  EXPECT_THAT(Sequences(got), ElementsAre(4, 5));
  EXPECT_FALSE(snapshots.opened[0]->alive);
  Publish(6);
  Settle();
  EXPECT_EQ(Text(One(client), "message_id"), Place(6));
}

TEST_F(SessionSnapshotTest, OtherSubscriptionsOfTheConnectionGoOnMeanwhile) {
  Client& client = ConnectAndForget();
  Send(client, Subscribe("live"));
  Send(client, Subscribe("a", kSnapshot));
  Give(0, "1", true, false);
  Got(client);
  Publish(1);
  Settle();
  json::object event = One(client);
  EXPECT_EQ(Text(event, "subscription_ids"), R"(["live"])");
  Give(1, "2", false, true);
  Got(client);
  Publish(2);
  Settle();
  event = One(client);
  EXPECT_EQ(Text(event, "subscription_ids"), R"(["live","a"])");
}

TEST_F(SessionSnapshotTest, AMessageIsAskedForWhenTheOneBeforeHasLeft) {
  Client& client = ConnectAndForget();
  Send(client, Subscribe("a", kSnapshot));
  client.output.waiting = 1'000;
  Give(0, "1", true, false);
  EXPECT_EQ(snapshots.opened[0]->wanted, 0);
  client.output.waiting = 0;
  client.session().OnRepliesSent();
  EXPECT_EQ(snapshots.opened[0]->wanted, 1);
  client.session().OnRepliesSent();  // of something else
  EXPECT_EQ(snapshots.opened[0]->wanted, 1);
}

TEST_F(SessionSnapshotTest, OneThatBeginsAnewSaysSo) {
  Client& client = ConnectAndForget();
  Send(client, Subscribe("a", kSnapshot));
  Give(3, "1", true, false);
  Got(client);
  PublishUpTo(9);
  Give(7, "1", true, false);
  json::object anew = One(client);
  EXPECT_EQ(Text(anew, "first"), "true");
  EXPECT_EQ(Text(anew, "cursor"), Place(7));
  Give(7, "2", false, true);
  EXPECT_THAT(Sequences(Got(client)), ElementsAre(8, 9));
}

TEST_F(SessionSnapshotTest, OneAtATimeIsSentAndTheNextBeginsThen) {
  Client& client = ConnectAndForget();
  Send(client, Subscribe("a", kSnapshot));
  Send(client, Subscribe("b", kSnapshot));
  EXPECT_EQ(snapshots.opened.size(), 1u);
  Give(0, "1", true, true);
  ASSERT_EQ(snapshots.opened.size(), 2u);
  Give(0, "2", true, true);
  const std::vector<json::object> got = Got(client);
  ASSERT_THAT(Types(got), ElementsAre("subscribed", "snapshot", "subscribed", "snapshot"));
  EXPECT_EQ(Text(got[3], "subscription_id"), "b");
}

TEST_F(SessionSnapshotTest, UnsubscribingEndsItWhereverItIs) {
  Client& client = ConnectAndForget();
  Send(client, Subscribe("a", kSnapshot));
  Send(client, Subscribe("waits", kSnapshot));
  Unsubscribe(client, "waits");
  EXPECT_EQ(Text(One(client), "type"), "unsubscribed");
  Give(0, "1", true, false);
  Got(client);
  Unsubscribe(client, "a");
  EXPECT_EQ(Text(One(client), "type"), "unsubscribed");
  EXPECT_FALSE(snapshots.opened[0]->alive);
  Unsubscribe(client, "a");
  EXPECT_EQ(Text(One(client), "code"), "NOT_FOUND");
  EXPECT_EQ(metrics.active_subscriptions.Value(), 0);
}

// The client is sent nothing of what was before after the first of the snapshot.
TEST_F(SessionSnapshotTest, InPlaceOfAKnownOneItBeginsWhenTheLastOfThatHasBeenSent) {
  Client& client = ConnectAndForget();
  Send(client, Subscribe("a"));
  Got(client);
  client.reads = false;
  Publish(1);
  Settle();
  Publish(2);
  Settle();  // 1 is in flight, 2 waits behind it
  Send(client, Subscribe("a", kSnapshot));
  EXPECT_THAT(snapshots.opened, IsEmpty());
  Publish(3);
  client.reads = true;
  Settle();
  EXPECT_THAT(Sequences(Got(client)), ElementsAre(1, 2));
  ASSERT_EQ(snapshots.opened.size(), 1u);
  Give(3, "1", true, true);
  Publish(4);
  Settle();
  const std::vector<json::object> got = Got(client);
  EXPECT_THAT(Types(got), ElementsAre("subscribed", "snapshot", "event"));
  EXPECT_THAT(Sequences(got), ElementsAre(4));
  EXPECT_EQ(metrics.active_subscriptions.Value(), 1);
}

TEST_F(SessionSnapshotTest, UnsubscribingOneThatWaitsForTheOneBeforeTellsTheEndOfThat) {
  Client& client = ConnectAndForget();
  Send(client, Subscribe("a"));
  Got(client);
  client.reads = false;
  Publish(1);
  Settle();
  Publish(2);
  Settle();
  Send(client, Subscribe("a", kSnapshot));
  Unsubscribe(client, "a");
  client.reads = true;
  Settle();
  EXPECT_THAT(Types(Got(client)), ElementsAre("event", "event", "unsubscribed"));
  EXPECT_THAT(snapshots.opened, IsEmpty());
  EXPECT_EQ(metrics.active_subscriptions.Value(), 0);
}

TEST_F(SessionSnapshotTest, AnotherSubscribeOfItsIdTakesItsPlace) {
  PublishUpTo(3);
  Client& client = ConnectAndForget();
  Send(client, Subscribe("a", kSnapshot));
  Give(3, "1", true, false);
  Send(client, Subscribe("a", kSnapshot));
  ASSERT_EQ(snapshots.opened.size(), 2u);
  EXPECT_FALSE(snapshots.opened[0]->alive);
  Give(3, "1", true, false);
  Got(client);
  Send(client, Subscribe("a", absl::StrCat(R"("resume_from":")", Place(1), "\"")));
  EXPECT_FALSE(snapshots.opened[1]->alive);
  const std::vector<json::object> got = Got(client);
  EXPECT_THAT(Types(got), ElementsAre("subscribed", "event", "event"));
  EXPECT_EQ(Text(got[0], "cursor"), Place(1));
}

TEST_F(SessionSnapshotTest, WhatTheHubRefusesIsAnErrorAndTheIdIsFree) {
  Client& client = ConnectAndForget();
  Send(client, Subscribe("a", kSnapshot));
  snapshots.Fail(MakeError(ErrorCode::kSlowConsumer, "took too long"));
  Settle();
  const json::object error = One(client);
  EXPECT_EQ(Text(error, "code"), "SLOW_CONSUMER");
  EXPECT_EQ(Text(error, "subscription_id"), "a");
  EXPECT_EQ(metrics.active_subscriptions.Value(), 0);
  Send(client, Subscribe("a"));
  EXPECT_EQ(Text(One(client), "type"), "subscribed");
}

TEST_F(SessionSnapshotTest, CountsAsASubscription) {
  options.max_subscriptions = 1;
  Client& client = ConnectAndForget();
  Send(client, Subscribe("a", kSnapshot));
  Send(client, Subscribe("b", kSnapshot));
  EXPECT_EQ(Text(One(client), "code"), "SUBSCRIPTION_LIMIT_EXCEEDED");
  EXPECT_EQ(metrics.active_subscriptions.Value(), 1);
}

TEST_F(SessionSnapshotTest, AClientThatTakesNothingOfItIsClosedAsASlowOne) {
  Client& client = ConnectAndForget();
  Send(client, Subscribe("a", kSnapshot));
  client.output.waiting = 1'000;
  Give(0, "1", true, false);
  Pass(limits::kStuckAfter - absl::Seconds(1));
  client.output.taken += 1;  // it takes a little
  Pass(limits::kStuckAfter - absl::Seconds(1));
  EXPECT_EQ(client.output.close_code, 0);
  Pass(absl::Seconds(2));
  EXPECT_EQ(client.output.close_code, 1013);
  EXPECT_FALSE(snapshots.opened[0]->alive);
}

TEST_F(SessionSnapshotTest, TheEndOfTheSessionEndsIt) {
  Client& client = ConnectAndForget();
  Send(client, Subscribe("a", kSnapshot));
  client.session().Drain(absl::Seconds(1));
  EXPECT_FALSE(snapshots.opened[0]->alive);
  EXPECT_EQ(metrics.active_subscriptions.Value(), 0);
}

// A cursor of the connection that comes before the last of a snapshot tells nothing of it; one that
// comes after it does.
TEST_F(SessionSnapshotTest, NoPongComesBetweenItsLastMessageAndItsChanges) {
  Client& client = ConnectAndForget();
  Send(client, Subscribe("live"));
  Send(client, Subscribe("a", kSnapshot));
  Give(0, "1", true, false);
  client.reads = false;
  Publish(1);
  Settle();
  client.session().OnText(R"({"type":"ping"})");  // at 1, behind the write in flight
  snapshots.Give(0, "2", false, true);
  Settle();
  client.reads = true;
  Settle();
  const std::vector<json::object> got = Got(client);
  std::vector<std::string> order;
  for (const json::object& message : got) {
    const bool last = Text(message, "last") == "true";
    order.push_back(Text(message, "type") + (last ? " last" : ""));
  }
  EXPECT_THAT(order, ElementsAre("subscribed", "subscribed", "snapshot", "event", "pong",
                                 "snapshot last", "event"));
}

}  // namespace
}  // namespace tocsin::bridge
