// The /ws protocol, driven with strings (docs/protocol.md, section 5).
#include <gmock/gmock.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/bridge/session_fixture.h"

namespace tocsin::bridge::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;
using tocsin::testing::Range;

std::string Subscribe(std::string_view id, std::string_view more = "") {
  return absl::StrCat(R"({"type":"subscribe","subscription_id":")", std::string(id), "\"",
                      more.empty() ? "" : ",", std::string(more), "}");
}

TEST_F(SessionTest, WelcomeComesFirstAndSaysWhatAClientMustKnow) {
  Client& client = Connect();
  const json::object welcome = One(client);
  EXPECT_EQ(Text(welcome, "type"), "welcome");
  EXPECT_EQ(Text(welcome, "session_id").size(), 36u);
  EXPECT_EQ(Text(welcome, "protocol_version"), "1");
  EXPECT_EQ(Text(welcome, "heartbeat_interval_ms"), "30000");
  EXPECT_EQ(Text(welcome, "cursor"), FormatCursor({kEpoch, 0}));
  EXPECT_THAT(Text(welcome, "server_time"), StartsWith("2023-11-14T22:13:20"));
  const json::object limits = welcome.at("limits").as_object();
  EXPECT_EQ(Text(limits, "max_message_bytes"), "65536");
  EXPECT_EQ(Text(limits, "max_subscriptions"), "128");
  EXPECT_EQ(Text(limits, "messages_per_second"), "100");
}

TEST_F(SessionTest, SubscribedComesBeforeTheFirstEventAndTellsTheFilterAsUnderstood) {
  Client& client = Connect();
  Got(client);
  client.session.OnText(Subscribe("a", R"("filters":{"severities":["p1","P0","P0"]})"));
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
  client.session.OnText(Subscribe("a", R"("filters":{"severities":["P1"]})"));
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
  client.session.OnText(Subscribe("a", R"("filters":{"severities":["P0"]})"));
  client.session.OnText(Subscribe("a", R"("filters":{"severities":["P1"]})"));
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
  client.session.OnText(R"({"type":"unsubscribe","subscription_id":"a"})");
  client.session.OnText(Subscribe("a", R"("filters":{"severities":["P0"]})"));
  Publish(1, v1::SEVERITY_P4);
  Publish(2, v1::SEVERITY_P0);
  Settle();
  const auto got = Got(client);
  ASSERT_THAT(Types(got), ElementsAre("unsubscribed", "subscribed", "event"));
  EXPECT_EQ(Text(got[0], "subscription_id"), "a");
  EXPECT_EQ(Text(got[2], "subscription_ids"), R"(["a"])");
  EXPECT_EQ(Sequences(got), Range(2, 2));
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

TEST_F(SessionTest, PongGivesThePingsTimestampBackAndStandsInOrder) {
  Client& client = Connect();
  Send(client, Subscribe("a"));
  Got(client);
  Publish(1);
  Settle();
  Send(client, R"({"type":"ping","timestamp":"x\ny"})");
  Publish(2);
  Settle();
  const auto got = Got(client);
  ASSERT_THAT(Types(got), ElementsAre("event", "pong", "event"));
  EXPECT_EQ(Text(got[1], "timestamp"), "x\ny");
  EXPECT_EQ(Text(got[1], "cursor"), FormatCursor({kEpoch, 1}));
  Send(client, R"({"type":"ping","timestamp":1700000000123})");
  EXPECT_EQ(Text(One(client), "timestamp"), "1700000000123");
  Send(client, R"({"type":"ping"})");
  EXPECT_THAT(Text(One(client), "timestamp"), StartsWith("2023-11-14T22:13:2"));
}

TEST_F(SessionTest, APingsTimestampIsBounded) {
  Client& client = Connect();
  Got(client);
  Send(client, absl::StrCat(R"({"type":"ping","timestamp":")", std::string(300, 'x'), "\"}"));
  const json::object error = One(client);
  EXPECT_EQ(Text(error, "code"), "INVALID_MESSAGE");
  EXPECT_EQ(Text(error, "field"), "timestamp");
}

TEST_F(SessionTest, AHeartbeatIsAPongWithTheCursorAndAPing) {
  Client& client = Connect();
  Send(client, Subscribe("a", R"("filters":{"severities":["P0"]})"));
  PublishUpTo(5);
  Settle();
  Got(client);
  Pass(options.heartbeat_interval);
  const json::object pong = One(client);
  EXPECT_EQ(Text(pong, "type"), "pong");
  EXPECT_EQ(Text(pong, "cursor"), FormatCursor({kEpoch, 5}));
  EXPECT_EQ(client.pings, 1u);
}

TEST_F(SessionTest, APeerSilentForTwoIntervalsIsDropped) {
  Client& client = Connect();
  Pass(options.heartbeat_interval);
  client.session.OnSignOfLife();
  Pass(options.heartbeat_interval);
  Pass(options.heartbeat_interval - absl::Seconds(1));
  EXPECT_FALSE(client.output.dropped);
  Pass(absl::Seconds(1));
  EXPECT_TRUE(client.output.dropped);
}

TEST_F(SessionTest, ASessionWithoutMessageOrPongIsEnded) {
  Client& client = Connect();
  Got(client);
  for (absl::Duration passed; passed < options.session_timeout; passed += absl::Seconds(10)) {
    EXPECT_EQ(client.output.close_code, 0);
    client.session.OnSignOfLife();
    Pass(absl::Seconds(10));
  }
  EXPECT_EQ(client.output.close_code, 1001);
  const auto got = Got(client);
  EXPECT_EQ(Text(got.back(), "type"), "closing");
  EXPECT_EQ(Text(got.back(), "reason"), "SESSION_TIMEOUT");
}

TEST_F(SessionTest, AcksAndPongsKeepASessionAlive) {
  Client& client = Connect();
  for (int i = 0; i < 100; ++i) {
    if (i % 2 == 0) {
      Send(client,
           absl::StrCat(R"({"type":"ack","message_id":")", FormatCursor({kEpoch, 1}), "\"}"));
    } else {
      client.session.OnPong();
    }
    Pass(absl::Seconds(20));
  }
  EXPECT_EQ(client.output.close_code, 0);
  EXPECT_FALSE(client.output.dropped);
}

// ---- errors ----

TEST_F(SessionTest, ABadMessageIsAnsweredAndTheSessionLives) {
  struct Case {
    std::string message;
    std::string code;
    std::string field;
  };
  const std::vector<Case> cases = {
      {"no json", "INVALID_MESSAGE", "(absent)"},
      {R"({"type":"dance"})", "INVALID_MESSAGE", "type"},
      {R"({"type":"subscribe"})", "INVALID_MESSAGE", "subscription_id"},
      {Subscribe("a", R"("filters":{"severities":["P9"]})"), "INVALID_FILTER",
       "filters.severities[0]"},
      {Subscribe("a", R"("filters":{"severity":["P0"]})"), "INVALID_FILTER", "filters.severity"},
      {Subscribe("a", R"("resume_from":"yesterday")"), "INVALID_MESSAGE", "resume_from"},
      {Subscribe("a", R"("on_gap":"skip")"), "INVALID_MESSAGE", "on_gap"},
      {Subscribe("a", R"("snapshot":true)"), "UNSUPPORTED", "snapshot"},
      {R"({"type":"authenticate","token":"x"})", "UNSUPPORTED", "type"},
  };
  Client& client = Connect();
  Got(client);
  for (const Case& each : cases) {
    Send(client, each.message);
    const json::object error = One(client);
    EXPECT_EQ(Text(error, "type"), "error") << each.message;
    EXPECT_EQ(Text(error, "code"), each.code) << each.message;
    if (each.field != "(absent)") {
      EXPECT_EQ(Text(error, "field"), each.field) << each.message;
    }
    EXPECT_EQ(Text(error, "subscription_id"),
              absl::StrContains(each.message, "\"a\"") ? "a" : "(absent)")
        << each.message;
    EXPECT_NE(Text(error, "message"), "") << each.message;
  }
  EXPECT_EQ(client.output.close_code, 0);
  Send(client, Subscribe("a"));
  EXPECT_EQ(Text(One(client), "type"), "subscribed");
}

TEST_F(SessionTest, AllowedValuesAreListed) {
  Client& client = Connect();
  Got(client);
  Send(client, Subscribe("a", R"("filters":{"severities":["P9"]})"));
  EXPECT_EQ(Text(One(client), "allowed"), R"(["P0","P1","P2","P3","P4"])");
}

TEST_F(SessionTest, BinaryMessagesAreRefusedAndTheSessionLives) {
  Client& client = Connect();
  Got(client);
  client.session.OnBinary();
  Settle();
  EXPECT_EQ(Text(One(client), "code"), "UNSUPPORTED");
  EXPECT_EQ(client.output.close_code, 0);
}

TEST_F(SessionTest, TenBadMessagesInAMinuteEndTheSession) {
  Client& client = Connect();
  Got(client);
  for (int i = 0; i < 9; ++i) Send(client, "{");
  EXPECT_EQ(client.output.close_code, 0);
  Send(client, "{");
  EXPECT_EQ(client.output.close_code, 1008);
  EXPECT_THAT(client.output.close_reason, StartsWith("INVALID_MESSAGE"));
  const auto got = Got(client);
  ASSERT_EQ(got.size(), 11u);
  EXPECT_EQ(Text(got[9], "code"), "INVALID_MESSAGE");
  EXPECT_EQ(Text(got[10], "type"), "closing");
  EXPECT_EQ(Text(got[10], "code"), "1008");
}

TEST_F(SessionTest, BadMessagesThatAreSpreadOutEndNothing) {
  Client& client = Connect();
  for (int i = 0; i < 40; ++i) {
    Send(client, "{");
    Pass(absl::Seconds(10));
  }
  EXPECT_EQ(client.output.close_code, 0);
}

TEST_F(SessionTest, AnOversizeMessageGetsItsErrorBeforeTheClose) {
  Client& client = Connect();
  Got(client);
  client.session.OnOversize();
  Settle();
  const auto got = Got(client);
  ASSERT_THAT(Types(got), ElementsAre("error", "closing"));
  EXPECT_EQ(Text(got[0], "code"), "MESSAGE_TOO_LARGE");
  EXPECT_EQ(client.output.close_code, 1009);
  EXPECT_THAT(client.output.close_reason, StartsWith("MESSAGE_TOO_LARGE: "));
}

TEST_F(SessionTest, WhatBreaksTheProtocolIsToldBeforeTheClose) {
  for (const auto& [code, why, wanted] :
       {std::tuple{uint16_t{1007}, "not UTF-8", "not UTF-8"},
        {uint16_t{1002}, "no mask",
         "the frames do not follow the WebSocket protocol (RFC 6455): no mask"}}) {
    Client& client = Connect();
    Got(client);
    client.session.OnProtocolError(code, why);
    client.session.OnProtocolError(code, why);  // is told once
    Settle();
    const auto got = Got(client);
    ASSERT_THAT(Types(got), ElementsAre("error", "closing"));
    EXPECT_EQ(Text(got[0], "code"), "INVALID_MESSAGE");
    EXPECT_EQ(Text(got[0], "message"), wanted);
    EXPECT_EQ(client.output.close_code, code);
    EXPECT_EQ(client.output.close_reason, absl::StrCat("INVALID_MESSAGE: ", wanted));
  }
}

TEST_F(SessionTest, NothingIsSentToAPeerThatCloses) {
  Client& client = Connect();
  Send(client, Subscribe("a"));
  Got(client);
  client.session.OnPeerClose();
  EXPECT_EQ(metrics.active_subscriptions.Value(), 0);
  Publish(1);
  client.session.OnText(R"({"type":"ping"})");
  client.session.OnHubState(false);
  Pass(absl::Minutes(10));
  EXPECT_THAT(Got(client), ElementsAre());
  EXPECT_EQ(client.output.close_code, 0) << "the transport answers the close";
}

// ---- compression ----

class DeflateSessionTest : public SessionTest {
 protected:
  DeflateSessionTest() { context.compression = std::make_unique<ws::Compression>(); }
  uint64_t made() const { return context.compression->events.made(); }
  const std::string title = std::string(300, 't');
};

TEST_F(DeflateSessionTest, EventsAreCompressedOnceForAllThatAgreedAndPlainForTheOthers) {
  std::vector<Client*> agreed;
  std::vector<Client*> others;
  for (int i = 0; i < 20; ++i) {
    (i % 2 == 0 ? agreed : others).push_back(&Connect(/*deflate=*/i % 2 == 0));
    Send(*clients.back(), Subscribe("s"));
    Got(*clients.back());
  }
  for (Sequence sequence = 1; sequence <= 5; ++sequence) Publish(sequence, v1::SEVERITY_P2, title);
  Settle();
  EXPECT_EQ(made(), 5u);
  for (Client* client : agreed) {
    EXPECT_THAT(Sequences(Got(*client)), ElementsAre(1, 2, 3, 4, 5));
    EXPECT_EQ(client->compressed, 5u);
  }
  for (Client* client : others) {
    EXPECT_THAT(Sequences(Got(*client)), ElementsAre(1, 2, 3, 4, 5));
    EXPECT_EQ(client->compressed, 0u);
  }
}

TEST_F(DeflateSessionTest, SlowAndManyfoldSessionsShareTheCompressedEventsAsWell) {
  Client& quick = Connect(/*deflate=*/true);
  Client& slow = Connect(/*deflate=*/true);
  Client& twofold = Connect(/*deflate=*/true);
  for (Client* client : {&quick, &slow, &twofold}) Send(*client, Subscribe("s"));
  Send(twofold, R"({"type":"subscribe","subscription_id":"t","filters":{"severities":["P0"]}})");
  for (Client* client : {&quick, &slow, &twofold}) Got(*client);
  slow.reads = false;
  for (Sequence sequence = 1; sequence <= 40; ++sequence) {
    Publish(sequence, v1::SEVERITY_P2, title);
    Settle();
  }
  slow.reads = true;
  Settle();
  for (Client* client : {&quick, &slow, &twofold}) {
    EXPECT_EQ(Sequences(Got(*client)).size(), 40u);
    EXPECT_EQ(client->compressed, 40u);
  }
  EXPECT_EQ(made(), 40u);
}

TEST_F(DeflateSessionTest, AHeadOfItsOwnIsPartOfWhatIsCompressed) {
  Client& a = Connect(/*deflate=*/true);
  Client& b = Connect(/*deflate=*/true);
  Send(a, Subscribe("a"));
  Send(b, Subscribe("b"));
  Got(a);
  Got(b);
  Publish(1, v1::SEVERITY_P2, title);
  Settle();
  EXPECT_EQ(Text(One(a), "subscription_ids"), R"(["a"])");
  EXPECT_EQ(Text(One(b), "subscription_ids"), R"(["b"])");
  EXPECT_EQ(made(), 2u);
}

TEST_F(DeflateSessionTest, RepliesAndShortMessagesGoAsTheyAre) {
  Client& client = Connect(/*deflate=*/true);
  Send(client, Subscribe("s"));
  Send(client, R"({"type":"ping"})");
  EXPECT_THAT(Types(Got(client)), ElementsAre("welcome", "subscribed", "pong"));
  EXPECT_EQ(client.compressed, 0u);
}

TEST_F(SessionTest, OneSubscriptionTooManyIsRefused) {
  Client& client = Connect();
  options.messages_per_second = 100;
  for (size_t i = 0; i < options.max_subscriptions; ++i) {
    Send(client, Subscribe(absl::StrCat("s", i)));
  }
  EXPECT_EQ(Types(Got(client)).back(), "subscribed");
  Send(client, Subscribe("one-more"));
  const json::object error = One(client);
  EXPECT_EQ(Text(error, "code"), "SUBSCRIPTION_LIMIT_EXCEEDED");
  EXPECT_EQ(Text(error, "subscription_id"), "one-more");
  Send(client, Subscribe("s0", R"("filters":{"severities":["P0"]})"));
  EXPECT_EQ(Text(One(client), "type"), "subscribed") << "replacing one is no new one";
  Send(client, R"({"type":"unsubscribe","subscription_id":"s1"})");
  Got(client);
  Pass(absl::Seconds(2));
  Send(client, Subscribe("one-more"));
  EXPECT_EQ(Text(One(client), "type"), "subscribed");
}

TEST_F(SessionTest, EachMessagePastTheRateIsRefusedAndTenSecondsOfItEndTheSession) {
  Client& client = Connect();
  Got(client);
  for (size_t i = 0; i < options.message_burst; ++i)
    client.session.OnText(R"({"type":"ack","message_id":"x"})");
  EXPECT_EQ(client.output.bytes, "");
  int sent = 0;
  int errors = 0;
  int tenths = 0;
  while (client.output.close_code == 0 && tenths < 200) {
    for (int i = 0; i < 50 && client.output.close_code == 0; ++i, ++sent)
      client.session.OnText(R"({"type":"ack","message_id":"x"})");
    clock.Advance(absl::Milliseconds(100));
    ++tenths;
    Settle();
    for (const json::object& message : Got(client)) {
      if (Text(message, "type") == "error") {
        EXPECT_EQ(Text(message, "code"), "RATE_LIMIT_EXCEEDED");
        ++errors;
      }
    }
  }
  EXPECT_EQ(client.output.close_code, 1008);
  EXPECT_GE(tenths, 90);
  EXPECT_LE(tenths, 110);
  // All but what the rate let through.
  EXPECT_NEAR(errors, sent - tenths * static_cast<int>(options.messages_per_second) / 10, 20);
  EXPECT_THAT(client.output.close_reason, StartsWith("RATE_LIMIT_EXCEEDED"));
}

TEST_F(SessionTest, ARateLimitErrorSaysWhenToComeBack) {
  Client& client = Connect();
  Got(client);
  for (size_t i = 0; i <= options.message_burst; ++i)
    client.session.OnText(R"({"type":"ack","message_id":"x"})");
  Settle();
  const json::object error = One(client);
  EXPECT_EQ(Text(error, "code"), "RATE_LIMIT_EXCEEDED");
  EXPECT_GT(error.at("retry_after_ms").to_number<int>(), 0);
}

TEST_F(SessionTest, NothingIsAnsweredAfterTheEnd) {
  Client& client = Connect();
  client.session.OnOversize();
  Settle();
  Got(client);
  Send(client, Subscribe("a"));
  client.session.OnBinary();
  client.session.OnHubState(false);
  client.session.Drain(absl::Seconds(1));
  PublishUpTo(3);
  Pass(absl::Minutes(10));
  EXPECT_TRUE(Got(client).empty());
}

// ---- gaps ----

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

// ---- slow, hub, drain ----

class SlowSessionTest : public SessionTest {
 protected:
  SlowSessionTest() : SessionTest({.pending_messages = 20}, {100, 1 << 30}) {}
};

TEST_F(SlowSessionTest, ASlowClientFallsBehindAndGetsEverythingInOrder) {
  Client& slow = Connect();
  Client& fast = Connect();
  Send(slow, Subscribe("a"));
  Send(fast, Subscribe("a"));
  Got(slow);
  Got(fast);
  slow.reads = false;
  for (Sequence last = 10; last <= 1000; last += 10) {
    PublishUpTo(last);
    Settle();
  }
  EXPECT_EQ(Sequences(Got(fast)), Range(1, 1000)) << "the others are not held up";
  EXPECT_LE(shard.pending_bytes(), 2 * limits::kWriteBytes);
  slow.reads = true;
  Settle();
  EXPECT_EQ(Sequences(Got(slow)), Range(1, 1000));
  EXPECT_EQ(slow.output.close_code, 0);
}

TEST_F(SlowSessionTest, AClientThatTakesNothingIsEndedWithItsErrorFirst) {
  Client& stuck = Connect();
  Send(stuck, Subscribe("a"));
  Got(stuck);
  stuck.reads = false;
  Publish(1);
  Settle();
  for (int second = 0; second < 12 && stuck.output.close_code == 0; ++second) {
    clock.Advance(absl::Seconds(1));
    Settle();
  }
  EXPECT_EQ(stuck.output.close_code, 1013);
  EXPECT_THAT(stuck.output.close_reason, StartsWith("SLOW_CONSUMER"));
  const auto frames = TakeFrames(stuck.output.bytes);
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_TRUE(absl::StrContains(frames[1].payload, "SLOW_CONSUMER"));
  EXPECT_TRUE(absl::StrContains(frames[2].payload, "\"closing\""));
}

TEST_F(SlowSessionTest, OneThatTakesALittleIsNotEnded) {
  Client& slow = Connect();
  Send(slow, Subscribe("a"));
  slow.reads = false;
  Publish(1);
  Settle();
  for (int second = 0; second < 60; ++second) {
    ++slow.output.taken;
    slow.session.OnPong();
    clock.Advance(absl::Seconds(1));
    Settle();
  }
  EXPECT_EQ(slow.output.close_code, 0);
}

TEST_F(SessionTest, AClientThatDoesNotTakeItsAnswersIsNotReadOn) {
  Client& client = Connect();
  EXPECT_TRUE(client.session.WantsRead());
  client.reads = false;
  int sent = 0;
  while (client.session.WantsRead() && sent < 1000) {
    client.session.OnText(R"({"type":"ping"})");
    clock.Advance(absl::Milliseconds(20));
    ++sent;
    Settle();
  }
  EXPECT_LT(sent, 300);
  EXPECT_GT(sent, 200);
  client.reads = true;
  Settle();
  EXPECT_TRUE(client.session.WantsRead());
  client.output.waiting = 65 * limits::kKiB;
  EXPECT_FALSE(client.session.WantsRead());
}

TEST_F(SessionTest, TheHubsStateIsToldAndNothingIsClosed) {
  Client& client = Connect();
  Send(client, Subscribe("a"));
  Got(client);
  context.hub_connected = false;
  client.session.OnHubState(false);
  Settle();
  json::object status = One(client);
  EXPECT_EQ(Text(status, "type"), "status");
  EXPECT_EQ(Text(status, "hub"), "reconnecting");
  Client& late = Connect();
  EXPECT_THAT(Types(Got(late)), ElementsAre("welcome", "status"));
  client.session.OnHubState(true);
  Settle();
  EXPECT_EQ(Text(One(client), "hub"), "connected");
  Publish(1);
  Settle();
  EXPECT_EQ(Sequences(Got(client)), Range(1, 1));
}

TEST_F(SessionTest, DrainGivesEachClientItsOwnSlot) {
  Client& one = Connect();
  Client& two = Connect();
  Got(one);
  Got(two);
  one.session.Drain(absl::Milliseconds(10));
  two.session.Drain(absl::Milliseconds(20));
  Settle();
  EXPECT_EQ(one.output.close_code, 1012);
  EXPECT_THAT(one.output.close_reason, StartsWith("SERVICE_UNAVAILABLE"));
  const json::object closing = One(one);
  EXPECT_EQ(Text(closing, "reason"), "SERVICE_UNAVAILABLE");
  EXPECT_EQ(Text(closing, "code"), "1012");
  EXPECT_EQ(Text(closing, "reconnect_after_ms"), "10");
  EXPECT_EQ(Text(One(two), "reconnect_after_ms"), "20");
}

TEST_F(SessionTest, MetricsCountWhatTheySay) {
  Client& client = Connect();
  EXPECT_EQ(metrics.active_connections.Value(), 1);
  EXPECT_EQ(metrics.total_connections.Value(), 1);
  Send(client, Subscribe("a"));
  Send(client, Subscribe("b"));
  EXPECT_EQ(metrics.active_subscriptions.Value(), 2);
  EXPECT_EQ(metrics.messages_received.Value(), 2);
  EXPECT_EQ(metrics.messages_sent.Value(), 3);
  PublishUpTo(4);
  Settle();
  EXPECT_EQ(metrics.events_delivered.Value(), 4);
  EXPECT_EQ(metrics.messages_sent.Value(), 7);
  Send(client, R"({"type":"unsubscribe","subscription_id":"a"})");
  EXPECT_EQ(metrics.active_subscriptions.Value(), 1);
  clients.clear();
  EXPECT_EQ(metrics.active_subscriptions.Value(), 0);
  EXPECT_EQ(metrics.active_connections.Value(), 0);
  EXPECT_TRUE(absl::StrContains(metrics.Text(), "websocket_session_duration_seconds_count 1"));
  EXPECT_TRUE(absl::StrContains(metrics.Text(), "websocket_message_latency_seconds_count"));
}

}  // namespace
}  // namespace tocsin::bridge::testing
