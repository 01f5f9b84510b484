// Every close of /graphql/ws, and the errors that end an operation (docs/protocol.md, 5 and 6).
#include "absl/strings/match.h"
#include "bridge/ws/conduct.h"
#include "tests/bridge/graphql_session_fixture.h"

namespace tocsin::bridge::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

class GraphqlClosesTest : public GraphqlSessionTest {
 protected:
  void ExpectClosed(Client& client, int code, std::string_view reason) {
    EXPECT_EQ(client.output.close_code, code) << client.output.close_reason;
    EXPECT_THAT(client.output.close_reason, StartsWith(std::string(reason)));
    // A close takes nothing more, and what happens after it does nothing.
    client.session().OnText(kInit);
    client.session().OnHubState(false);
    client.session().Drain(absl::Seconds(1));
    Settle();
  }
};

TEST_F(GraphqlClosesTest, Close4400ForAMessageThatIsNone) {
  const std::pair<std::string, std::string> cases[] = {
      {"no json", "INVALID_MESSAGE: "},
      {"[]", "INVALID_MESSAGE: a message must be a JSON object"},
      {"{}", "INVALID_MESSAGE: type must be a text"},
      {R"({"type":7})", "INVALID_MESSAGE: type must be a text"},
      {R"({"type":"dance"})", "INVALID_MESSAGE: unknown type; allowed: connection_init, ping"},
      {R"({"type":"start","id":"1"})",
       "INVALID_MESSAGE: unknown type; this is the protocol graphql-transport-ws, not subscr"},
      {R"({"type":"connection_ack"})", "INVALID_MESSAGE: unknown type"},
      {R"({"type":"ping","payload":"x"})", "INVALID_MESSAGE: payload must be an object"},
      {R"({"type":"pong","payload":[]})", "INVALID_MESSAGE: payload must be an object"},
      {R"({"type":"connection_init","payload":1})", "INVALID_MESSAGE: payload must be an object"},
      {R"({"type":"subscribe","payload":{"query":"{a}"}})", "INVALID_MESSAGE: id must be a text"},
      {R"({"type":"subscribe","id":"","payload":{"query":"{a}"}})", "INVALID_MESSAGE: id must be"},
      {R"({"type":"subscribe","id":1,"payload":{"query":"{a}"}})", "INVALID_MESSAGE: id must be"},
      {absl::StrCat(R"({"type":"subscribe","id":")", std::string(129, 'x'),
                    R"(","payload":{"query":"{a}"}})"),
       "INVALID_MESSAGE: id may have at most 128 characters"},
      {R"({"type":"subscribe","id":"1"})", "INVALID_MESSAGE: payload must be an object"},
      {R"({"type":"subscribe","id":"1","payload":{}})", "INVALID_MESSAGE: payload: "},
      {R"({"type":"subscribe","id":"1","payload":{"query":7}})", "INVALID_MESSAGE: payload: "},
      {R"({"type":"subscribe","id":"1","payload":{"query":"{a}","variables":[]}})",
       "INVALID_MESSAGE: payload: "},
      {R"({"type":"complete"})", "INVALID_MESSAGE: id must be a text"},
  };
  for (const auto& [message, reason] : cases) {
    Client& client = Join();
    Send(client, message);
    EXPECT_THAT(Got(client), IsEmpty()) << message;
    ExpectClosed(client, 4400, reason);
  }
}

TEST_F(GraphqlClosesTest, Close4400ForABinaryMessage) {
  Client& client = Join();
  client.session().OnBinary();
  ExpectClosed(client, 4400, "UNSUPPORTED: binary messages are not supported");
}

TEST_F(GraphqlClosesTest, Close4401ForASubscribeBeforeTheInit) {
  Client& client = Connect();
  Send(client, Operation("a", kEvents));
  ExpectClosed(client, 4401, "UNAUTHENTICATED: subscribe came before connection_ack");
}

// What came with the same bytes as the init was sent before the acknowledgement: always 4401, not by
// the luck of timing.
TEST_F(GraphqlClosesTest, Close4401ForASubscribeThatDidNotWaitForTheAcknowledgement) {
  Client& client = Connect();
  client.session().OnSignOfLife();
  client.session().OnText(kInit);
  client.session().OnText(Operation("a", kEvents));
  ExpectClosed(client, 4401, "UNAUTHENTICATED: ");
}

// G1. The client sends `subscribe` as soon as it reads the acknowledgement.
TEST_F(GraphqlSessionTest, ASubscribeAfterTheAcknowledgementIsNever4401) {
  for (int i = 0; i < 1'000; ++i) {
    Client& client = Join();
    client.session().OnSignOfLife();
    client.session().OnText(Operation("a", kEvents));
    EXPECT_EQ(client.output.close_code, 0);
    clients.clear();
  }
}

TEST_F(GraphqlClosesTest, Close4406ForAClientThatDoesNotOfferTheSubprotocol) {
  spoken = false;
  Client& client = Connect();
  EXPECT_THAT(Got(client), IsEmpty());
  EXPECT_EQ(client.session().subscriber(), 0u);
  Pass(absl::Seconds(5));
  client.session().OnSignOfLife();
  client.session().OnPeerClose();
  EXPECT_EQ(client.output.close_code, 4406);
  EXPECT_EQ(client.output.close_reason,
            "UNSUPPORTED: offer the subprotocol graphql-transport-ws (graphql-ws is the older "
            "protocol)");
}

TEST_F(GraphqlClosesTest, Close4408WithoutAnInitWithinThreeSeconds) {
  Client& silent = Connect();
  Client& pinging = Connect();
  Pass(absl::Milliseconds(2'900));
  Send(pinging, R"({"type":"ping"})");
  EXPECT_EQ(silent.output.close_code, 0);
  Pass(absl::Milliseconds(200));
  ExpectClosed(silent, 4408, "UNAUTHENTICATED: no connection_init within 3s");
  ExpectClosed(pinging, 4408, "UNAUTHENTICATED: ");
}

TEST_F(GraphqlClosesTest, Close4409ForAnIdThatIsInUse) {
  Client& client = Join();
  Send(client, Operation("a", kEvents));
  Send(client, Operation("a", kUpdates));
  ExpectClosed(client, 4409, "CONFLICT: Subscriber for a already exists");
  Client& asking = Join();
  Send(asking, Operation("q", "{ health { status } }"));
  Send(asking, Operation("q", kEvents));
  ExpectClosed(asking, 4409, "CONFLICT: Subscriber for q already exists");
}

TEST_F(GraphqlClosesTest, Close4429ForASecondInit) {
  Client& client = Join();
  Send(client, kInit);
  ExpectClosed(client, 4429, "INVALID_MESSAGE: Too many initialisation requests");
  Client& at_once = Connect();
  at_once.session().OnText(kInit);
  at_once.session().OnText(kInit);
  ExpectClosed(at_once, 4429, "INVALID_MESSAGE: ");
}

TEST_F(GraphqlClosesTest, Close1009ForAMessageTooLarge) {
  Client& client = Join();
  client.session().OnOversize("");
  ExpectClosed(client, 1009, "MESSAGE_TOO_LARGE: a message may have at most 65536 bytes");
}

TEST_F(GraphqlClosesTest, Close1002And1007ForFramesThatAreNone) {
  Client& client = Join();
  client.session().OnProtocolError(1002, "no mask");
  ExpectClosed(client, 1002, "INVALID_MESSAGE: the frames do not follow RFC 6455: no mask");
  Client& other = Join();
  other.session().OnProtocolError(1007, "not UTF-8");
  ExpectClosed(other, 1007, "INVALID_MESSAGE: not UTF-8");
}

TEST_F(GraphqlClosesTest, Close1012OnADrainWithTheTimeToComeBack) {
  Client& client = Join();
  Send(client, Operation("a", kEvents));
  client.session().Drain(absl::Milliseconds(1'230));
  EXPECT_THAT(Got(client), IsEmpty()) << "an error or a complete would end the operation for good";
  ExpectClosed(client, 1012,
               "SERVICE_UNAVAILABLE: the server is going down; reconnect in 1230 ms and resume");
}

TEST_F(GraphqlClosesTest, Close1013ForASlowConsumer) {
  Client& client = Join();
  Send(client, Operation("a", kEvents));
  client.reads = false;
  PublishIncident(1);
  Settle();
  Pass(absl::Seconds(11));
  ExpectClosed(client, 1013, "SLOW_CONSUMER: ");
}

TEST_F(GraphqlClosesTest, Close1013ForARateThatGoesOn) {
  Client& client = Join();
  for (int i = 0; i < 120 && client.output.close_code == 0; ++i) {
    for (int j = 0; j < 40; ++j) Send(client, R"({"type":"pong"})");
    clock.Advance(absl::Milliseconds(100));
  }
  ExpectClosed(client, 1013, "RATE_LIMIT_EXCEEDED: at most 100 messages a second");
}

TEST_F(GraphqlClosesTest, Close1013ForALongMessageOverTheRate) {
  Client& client = Join();
  for (size_t i = 0; i < options.message_burst; ++i) client.session().OnText(R"({"type":"pong"})");
  EXPECT_EQ(client.output.close_code, 0);
  client.session().OnText(Operation("a", std::string(2'000, ' ')));
  ExpectClosed(client, 1013, "RATE_LIMIT_EXCEEDED: ");
}

TEST_F(GraphqlClosesTest, Close1001ForASessionWithoutASignOfLife) {
  options.session_timeout = absl::Seconds(50);
  Client& client = Join();
  for (int i = 0; i < 60 && client.output.close_code == 0; ++i) {
    Pass(absl::Seconds(1));
    client.session().OnSignOfLife();  // a ping frame, which is no message
  }
  ExpectClosed(client, 1001, "SESSION_TIMEOUT: ");
}

TEST_F(GraphqlClosesTest, APeerThatIsSilentForTwoIntervalsIsDropped) {
  Client& client = Join();
  Pass(absl::Seconds(61));
  EXPECT_TRUE(client.output.dropped);
  EXPECT_EQ(client.output.close_code, 0);
}

TEST_F(GraphqlClosesTest, Close4500ForAnInternalError) {
  Client& client = Join();
  client.session().OnInternalError();
  ExpectClosed(client, 4500, "INTERNAL_SERVER_ERROR: ");
}

TEST_F(GraphqlClosesTest, EveryReasonFitsACloseFrame) {
  Client& client = Join();
  const std::string id(128, 'x');
  Send(client, Operation(id, kEvents));
  Send(client, Operation(id, kEvents));
  EXPECT_EQ(client.output.close_code, 4409);
  EXPECT_LE(ws::CloseFrame(4409, client.output.close_reason).size(), 2u + 125u);
}

// ---- what is wrong with one operation ends that one ----

TEST_F(GraphqlSessionTest, WhatIsWrongWithAnOperationIsItsErrorAndTheSessionLives) {
  struct Case {
    std::string query;
    std::string code;
  };
  const Case cases[] = {
      {"subscription {", "GRAPHQL_PARSE_FAILED"},
      {"subscription { events(filter: {labels: {a: \"b\"}}, resumeFrom: \"yesterday\") { id } }",
       "BAD_USER_INPUT"},
      {"subscription A { events { id } } subscription B { events { id } }", "BAD_USER_INPUT"},
  };
  Client& client = Join();
  for (const Case& each : cases) {
    Send(client, Operation("a", each.query));
    EXPECT_EQ(CodeOf(ErrorOf(One(client), "a")), each.code) << each.query;
  }
  Send(client, Operation("a", kEvents));
  PublishIncident(1);
  Settle();
  EXPECT_THAT(Told(Got(client), "a"), ElementsAre(1));
}

TEST_F(GraphqlSessionTest, AWrongResumeFromIsNamed) {
  Client& client = Join();
  Send(client, Operation("a", kEvents, R"("extensions":{"resumeFrom":"yesterday"})"));
  const json::object error = ErrorOf(One(client), "a");
  EXPECT_EQ(CodeOf(error), "BAD_USER_INPUT");
  EXPECT_EQ(Text(error.at("extensions").as_object(), "field"), "extensions.resumeFrom");
}

TEST_F(GraphqlSessionTest, PastTheLimitASubscriptionIsRefusedUntilOneIsCompleted) {
  options.max_subscriptions = 2;
  Client& client = Join();
  Send(client, Operation("a", kEvents));
  Send(client, Operation("b", kEvents));
  Send(client, Operation("c", kEvents));
  EXPECT_EQ(CodeOf(ErrorOf(One(client), "c")), "SUBSCRIPTION_LIMIT_EXCEEDED");
  Send(client, CompleteOf("a"));
  Send(client, Operation("c", kEvents));
  EXPECT_THAT(Got(client), IsEmpty());
}

TEST_F(GraphqlSessionTest, OverTheRateASubscribeIsRefusedAndACompleteIsHeeded) {
  Client& client = Join();
  client.session().OnText(Operation("kept", kEvents));
  for (size_t i = 0; i < options.message_burst; ++i) client.session().OnText(R"({"type":"pong"})");
  client.session().OnText(Operation("a", kEvents));
  client.session().OnText(CompleteOf("kept"));
  client.session().OnText(R"({"type":"ping"})");
  Settle();
  const json::object error = ErrorOf(One(client), "a");
  EXPECT_EQ(CodeOf(error), "RATE_LIMIT_EXCEEDED");
  EXPECT_NE(Text(error.at("extensions").as_object(), "retryAfterMs"), "(absent)");
  PublishIncident(1);
  Settle();
  EXPECT_THAT(Got(client), IsEmpty());
  EXPECT_EQ(client.output.close_code, 0);
}

// What a client asks without taking the answers is not read on.
TEST_F(GraphqlSessionTest, AClientThatTakesNothingIsNotRead) {
  options.message_burst = 10'000;
  Client& client = Join();
  client.reads = false;
  Send(client, Operation("x", kEvents));
  PublishIncident(1);
  Settle();
  EXPECT_TRUE(client.session().WantsRead());
  size_t asked = 0;
  for (; asked < 5'000 && client.session().WantsRead(); ++asked) {
    client.session().OnText(Operation("a", kEvents));
    client.session().OnText(CompleteOf("a"));
  }
  EXPECT_LT(asked, 300u);
  client.reads = true;
  Settle();
  EXPECT_TRUE(client.session().WantsRead());
  client.output.waiting = 64 * limits::kKiB;
  EXPECT_FALSE(client.session().WantsRead());
}

TEST_F(GraphqlSessionTest, AWriteThatThrowsEndsTheSessionAtItsNextTick) {
  class Throwing : public FakeOutput {
   public:
    bool SendBatch(std::string_view) override { throw std::bad_alloc(); }
  };
  Throwing output;
  graphql_ws::Session session(graphql(), true, comes_as, output);
  session.Start(false);
  session.OnText(kInit);
  session.OnSignOfLife();
  session.OnText(Operation("a", kEvents));
  PublishIncident(1);
  Settle();
  session.Tick();
  EXPECT_EQ(output.close_code, 4500);
}

}  // namespace
}  // namespace tocsin::bridge::testing
