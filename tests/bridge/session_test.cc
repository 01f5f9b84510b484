// Subscriptions and their events on /ws, driven with strings (docs/protocol.md, section 5).
#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "tests/bridge/session_fixture.h"

namespace tocsin::bridge::testing {
namespace {

using ::testing::ElementsAre;
using tocsin::testing::Range;

TEST_F(SessionTest, SubscribedComesBeforeTheFirstEventAndTellsTheFilterAsUnderstood) {
  Client& client = Connect();
  Got(client);
  client.session().OnText(Subscribe("a", R"("filters":{"severities":["p1","P0","P0"]})"));
  Publish(1, v1::SEVERITY_P0);
  Publish(2, v1::SEVERITY_P3);
  Settle();
  const auto got = Got(client);
  ASSERT_THAT(Types(got), ElementsAre("subscribed", "event"));
  EXPECT_EQ(Text(got[0], "subscription_id"), "a");
  EXPECT_EQ(Text(got[0], "filters"), R"({"severities":["P0","P1"]})");
  EXPECT_EQ(Text(got[0], "recovered"), "true");
  EXPECT_EQ(Text(got[0], "cursor"), FormatCursor({kEpoch, 0}));
  EXPECT_EQ(Text(got[1], "subscription_ids"), R"(["a"])");
  EXPECT_EQ(Text(got[1], "message_id"), FormatCursor({kEpoch, 1}));
  EXPECT_EQ(Text(got[1], "timestamp"), "2023-11-14T22:13:20.000000Z");
  EXPECT_EQ(Text(got[1].at("event").as_object(), "event_type"), "incident_created");
}

TEST_F(SessionTest, AnEventForSeveralSubscriptionsIsOneMessageWithAllTheirIds) {
  Client& client = Connect();
  Send(client, Subscribe("first"));
  Send(client, Subscribe("se\\\"cond"));
  Send(client, Subscribe("third", R"("filters":{"severities":["P0"]})"));
  Got(client);
  Publish(1, v1::SEVERITY_P0);
  Publish(2, v1::SEVERITY_P4);
  Settle();
  const auto got = Got(client);
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(Text(got[0], "subscription_ids"), R"(["first","se\"cond","third"])");
  EXPECT_EQ(Text(got[1], "subscription_ids"), R"(["first","se\"cond"])");
}

// What was rendered for one session serves the next only where it is the same to the letter.
TEST_F(SessionTest, EachOfManySessionsGetsItsOwnEventsUnderItsOwnIds) {
  Client& same = Connect();
  Client& alike = Connect();
  Client& other_id = Connect();
  Client& worst = Connect();
  Client& mild = Connect();
  Send(same, Subscribe("a"));
  Send(alike, Subscribe("a"));
  Send(other_id, Subscribe("b"));
  Send(worst, Subscribe("a", R"("filters":{"severities":["P0"]})"));
  Send(mild, Subscribe("a", R"("filters":{"severities":["P3"]})"));
  for (Client* client : {&same, &alike, &other_id, &worst, &mild}) Got(*client);
  Sequence next = 1;
  for (int round = 0; round < 3; ++round) {
    const Sequence first = next;
    Publish(next++, v1::SEVERITY_P0);
    Publish(next++, v1::SEVERITY_P3);
    Settle();
    for (Client* client : {&same, &alike, &other_id}) {
      const auto got = Got(*client);
      EXPECT_EQ(Sequences(got), Range(first, first + 1));
      for (const json::object& message : got) {
        EXPECT_EQ(Text(message, "subscription_ids"), client == &other_id ? R"(["b"])" : R"(["a"])");
      }
    }
    EXPECT_THAT(Sequences(Got(worst)), ElementsAre(first));
    EXPECT_THAT(Sequences(Got(mild)), ElementsAre(first + 1));
  }
}

TEST_F(SessionTest, ResumingGivesWhatCameAfterTheMessageAndNothingElse) {
  PublishUpTo(10);
  Client& client = Connect();
  Got(client);
  Send(client, Subscribe("a", absl::StrCat("\"resume_from\":\"", FormatCursor({kEpoch, 7}), "\"")));
  Publish(11);
  Settle();
  EXPECT_EQ(Sequences(Got(client)), Range(8, 11));
}

TEST_F(SessionTest, AReplacedFilterTakesEffectAtOneExactPlace) {
  Client& client = Connect();
  Send(client, Subscribe("a", R"("filters":{"severities":["P0"]})"));
  Publish(1, v1::SEVERITY_P0);
  Settle();
  Got(client);
  client.session().OnText(Subscribe("a", R"("filters":{"severities":["P1"]})"));
  Publish(2, v1::SEVERITY_P1);
  Publish(3, v1::SEVERITY_P0);
  Settle();
  const auto got = Got(client);
  ASSERT_THAT(Types(got), ElementsAre("subscribed", "event"));
  EXPECT_EQ(Text(got[0], "filters"), R"({"severities":["P1"]})");
  EXPECT_EQ(Text(got[0], "cursor"), FormatCursor({kEpoch, 1}));
  EXPECT_EQ(Sequences(got), Range(2, 2));
}

TEST_F(SessionTest, EachOfTwoQuickReplacementsIsToldWithItsOwnFilter) {
  Client& client = Connect();
  Got(client);
  client.session().OnText(Subscribe("a", R"("filters":{"severities":["P0"]})"));
  client.session().OnText(Subscribe("a", R"("filters":{"severities":["P1"]})"));
  Settle();
  const auto got = Got(client);
  ASSERT_THAT(Types(got), ElementsAre("subscribed", "subscribed"));
  EXPECT_EQ(Text(got[0], "filters"), R"({"severities":["P0"]})");
  EXPECT_EQ(Text(got[1], "filters"), R"({"severities":["P1"]})");
}

TEST_F(SessionTest, NothingComesAfterUnsubscribedAndTheIdIsFreeAtOnce) {
  Client& client = Connect();
  Send(client, Subscribe("a"));
  Got(client);
  client.session().OnText(R"({"type":"unsubscribe","subscription_id":"a"})");
  client.session().OnText(Subscribe("a", R"("filters":{"severities":["P0"]})"));
  Publish(1, v1::SEVERITY_P4);
  Publish(2, v1::SEVERITY_P0);
  Settle();
  const auto got = Got(client);
  ASSERT_THAT(Types(got), ElementsAre("unsubscribed", "subscribed", "event"));
  EXPECT_EQ(Text(got[0], "subscription_id"), "a");
  EXPECT_EQ(Text(got[2], "subscription_ids"), R"(["a"])");
  EXPECT_EQ(Sequences(got), Range(2, 2));
}

TEST_F(SessionTest, WhatLeavesIsToldInItsPlace) {
  context.compression = std::make_unique<ws::Compression>();
  for (const bool deflate : {false, true}) {
    const Sequence first = log.latest().sequence + 1;
    Client& client = Connect(deflate);
    Send(client, Subscribe("a", R"("filters":{"severities":["P2"]},"leaves":true)"));
    Send(client, Subscribe("b", R"("filters":{"severities":["P2"]},"leaves":true)"));
    Send(client, Subscribe("c", R"("filters":{"severities":["P2"]})"));
    Got(client);
    PublishChange(first, v1::SEVERITY_P4, v1::SEVERITY_P2);
    PublishChange(first + 1, v1::SEVERITY_P2, v1::SEVERITY_P0);
    PublishChange(first + 2, v1::SEVERITY_P0, v1::SEVERITY_P4);
    Settle();
    const auto got = Got(client);
    ASSERT_THAT(Types(got), ElementsAre("event", "left"));
    const json::object& left = got[1];
    EXPECT_EQ(Text(left, "subscription_ids"), R"(["a","b"])");
    EXPECT_EQ(Text(left, "message_id"), FormatCursor({kEpoch, first + 1}));
    EXPECT_EQ(Text(left, "sequence"), absl::StrCat(first + 1));
    EXPECT_EQ(Text(left, "timestamp"), Text(got[0], "timestamp"));
    EXPECT_EQ(Text(left, "incident_id"), "0190a000-0000-7000-8000-000000000007");
    EXPECT_EQ(Text(left.at("incident").as_object(), "severity"), "P0");
    EXPECT_EQ(left.size(), 7u);
  }
}

TEST_F(SessionTest, UnsubscribingAnUnknownIdIsNotFound) {
  Client& client = Connect();
  Got(client);
  Send(client, R"({"type":"unsubscribe","subscription_id":"x"})");
  const json::object error = One(client);
  EXPECT_EQ(Text(error, "code"), "NOT_FOUND");
  EXPECT_EQ(Text(error, "subscription_id"), "x");
  EXPECT_EQ(Text(error, "field"), "subscription_id");
}

TEST_F(SessionTest, AGapIsToldInItsPlaceUnlessTheClientWantsToFail) {
  PublishUpTo(2000);  // the window holds 1000
  log.Expire(500);
  Client& client = Connect();
  Got(client);
  Send(client,
       Subscribe("a", absl::StrCat("\"resume_from\":\"", FormatCursor({kEpoch, 10}), "\"")));
  const auto got = Got(client);
  ASSERT_GE(got.size(), 3u);
  EXPECT_EQ(Text(got[0], "type"), "subscribed");
  EXPECT_EQ(Text(got[0], "recovered"), "false");
  EXPECT_EQ(Text(got[1], "type"), "gap");
  EXPECT_EQ(Text(got[1], "subscription_id"), "a");
  EXPECT_EQ(Text(got[1], "reason"), "expired");
  EXPECT_EQ(Text(got[1], "from"), FormatCursor({kEpoch, 10}));
  EXPECT_EQ(Text(got[1], "to"), FormatCursor({kEpoch, 500}));
  EXPECT_EQ(Sequences(got), Range(501, 2000));

  Send(client, Subscribe("b", absl::StrCat("\"on_gap\":\"fail\",\"resume_from\":\"",
                                           FormatCursor({kEpoch, 10}), "\"")));
  const json::object error = One(client);
  EXPECT_EQ(Text(error, "code"), "CURSOR_EXPIRED");
  EXPECT_EQ(Text(error, "subscription_id"), "b");
  EXPECT_EQ(Text(error, "earliest"), FormatCursor({kEpoch, 500}));
  EXPECT_EQ(Text(error, "latest"), FormatCursor({kEpoch, 2000}));
  EXPECT_EQ(Text(error, "field"), "resume_from");
  Send(client, Subscribe("b"));
  EXPECT_EQ(Text(One(client), "type"), "subscribed") << "a refused id is free";
}

TEST_F(SessionTest, AnIdGivenAgainWhileItsEndIsOnTheWayIsANewSubscription) {
  Client& client = Connect();
  Got(client);
  client.reads = false;
  Send(client, Subscribe("x"));  // a write in flight holds back what follows
  Send(client,
       Subscribe("a", absl::StrCat("\"resume_from\":\"", FormatCursor({kEpoch, 99}), "\"")));
  Send(client, Subscribe("a"));
  client.reads = true;
  Settle();
  const auto got = Got(client);
  ASSERT_THAT(Types(got), ElementsAre("subscribed", "error", "subscribed"));
  EXPECT_EQ(Text(got[1], "subscription_id"), "a");
  EXPECT_EQ(Text(got[2], "subscription_id"), "a");
  Publish(1);
  Settle();
  EXPECT_EQ(Text(One(client), "subscription_ids"), R"(["x","a"])");
}

}  // namespace
}  // namespace tocsin::bridge::testing
