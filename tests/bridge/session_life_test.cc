// A session's life beside its subscriptions: pings, silence, the hub's state, the drain, the
// metrics.
#include <gmock/gmock.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/admin/closed_sessions.h"
#include "tests/bridge/session_fixture.h"

namespace tocsin::bridge::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;
using tocsin::testing::Range;

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
  client.session().OnSignOfLife();
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
    client.session().OnSignOfLife();
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
      client.session().OnPong();
    }
    Pass(absl::Seconds(20));
  }
  EXPECT_EQ(client.output.close_code, 0);
  EXPECT_FALSE(client.output.dropped);
}

TEST_F(SessionTest, TheHubsStateIsToldAndNothingIsClosed) {
  Client& client = Connect();
  Send(client, Subscribe("a"));
  Got(client);
  context.hub_connected = false;
  client.session().OnHubState(false);
  Settle();
  json::object status = One(client);
  EXPECT_EQ(Text(status, "type"), "status");
  EXPECT_EQ(Text(status, "hub"), "reconnecting");
  Client& late = Connect();
  EXPECT_THAT(Types(Got(late)), ElementsAre("welcome", "status"));
  client.session().OnHubState(true);
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
  one.session().Drain(absl::Milliseconds(10));
  two.session().Drain(absl::Milliseconds(20));
  Settle();
  EXPECT_EQ(one.output.close_code, 1012);
  EXPECT_THAT(one.output.close_reason, StartsWith("SERVICE_UNAVAILABLE"));
  const json::object closing = One(one);
  EXPECT_EQ(Text(closing, "reason"), "SERVICE_UNAVAILABLE");
  EXPECT_EQ(Text(closing, "code"), "1012");
  EXPECT_EQ(Text(closing, "reconnect_after_ms"), "10");
  EXPECT_EQ(Text(One(two), "reconnect_after_ms"), "20");
}

TEST_F(SessionTest, AKickTellsWhyAndWhenAndTheSessionHasLeft) {
  ClosedSessions closed(clock);
  shard.sessions().TellEnds(&closed);
  Client& client = Connect();
  const std::string id = Text(Got(client).at(0), "session_id");
  LiveSession* const session = shard.sessions().Find(id);
  ASSERT_NE(session, nullptr);
  session->Kick(absl::Seconds(7), "closed by an operator: moving house");
  EXPECT_EQ(shard.sessions().Find(id), nullptr);
  EXPECT_EQ(client.output.close_code, 1012);
  EXPECT_THAT(client.output.close_reason,
              StartsWith("SERVICE_UNAVAILABLE: closed by an operator: moving house"));
  Settle();
  EXPECT_EQ(Text(One(client), "reconnect_after_ms"), "7000");
  // What comes later of the same connection is no second end.
  client.session().OnPeerClose();
  ASSERT_EQ(closed.Newest(10, "").size(), 1u);
  EXPECT_EQ(closed.Newest(10, "")[0].code(), "SERVICE_UNAVAILABLE");
  shard.sessions().TellEnds(nullptr);
}

TEST_F(SessionTest, WhyASessionEndedIsTold) {
  ClosedSessions closed(clock);
  shard.sessions().TellEnds(&closed);
  Connect().session().OnPeerClose();
  Connect().session().OnOversize("");
  Connect();
  Pass(absl::Seconds(30));
  Pass(absl::Seconds(30));
  std::vector<std::string> codes;
  for (const v1::ClosedConnection& each : closed.Newest(10, "")) codes.push_back(each.code());
  EXPECT_THAT(codes, ElementsAre("SILENT", "MESSAGE_TOO_LARGE", "CLIENT_CLOSED"));
  shard.sessions().TellEnds(nullptr);
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

TEST_F(SessionTest, IsExplainedByTheIdOfItsWelcome) {
  PublishUpTo(2);
  Client& client = Connect();
  const std::string id = Text(client.got.at(0), "session_id");
  Send(client, Subscribe("worst", R"("filters":{"severities":["P0"]})"));
  Send(client, Subscribe("all"));
  PublishUpTo(5);
  Settle();
  const LiveSession* session = shard.sessions().Find(id);
  ASSERT_NE(session, nullptr);
  const v1::SessionExplanation explained = session->Explain();
  EXPECT_EQ(explained.session_id(), id);
  EXPECT_EQ(explained.transport(), "websocket");
  ASSERT_EQ(explained.subscriptions_size(), 2);
  EXPECT_EQ(explained.subscriptions(0).subscription_id(), "worst");
  EXPECT_EQ(explained.subscriptions(0).filter().severities(0), v1::SEVERITY_P0);
  EXPECT_EQ(explained.subscriptions(1).subscription_id(), "all");
  EXPECT_TRUE(explained.subscriptions(1).live());
  EXPECT_EQ(explained.last_cursor(), FormatCursor({kEpoch, 5}));
  client.session().OnPeerClose();
  EXPECT_EQ(shard.sessions().Find(id), nullptr);
}

}  // namespace
}  // namespace tocsin::bridge::testing
