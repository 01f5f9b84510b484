// Sessions of /graphql/ws with authentication on: who is let in, until when, and what a fresh token
// changes.
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/bridge/graphql_session_fixture.h"
#include "tests/bridge/session_tokens.h"

namespace tocsin::bridge::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kP0 = R"({"severities":["P0"]})";
constexpr std::string_view kP2 = R"({"severities":["P2"]})";
constexpr std::string_view kFollow =
    "subscription { incidentUpdates(snapshot: true) { updateType incidentId } }";

class GraphqlAuthTest : public GraphqlSessionTest {
 protected:
  explicit GraphqlAuthTest(ShardOptions shard_options = {})
      : GraphqlSessionTest(shard_options, {1000, 1 << 30}, SecretAuthenticator) {
    comes_as = nullptr;
  }

  std::string Token(absl::Duration lasts, std::string_view subscribe = "true",
                    std::string_view subject = "ann") {
    return TokenOf(subject, clock.Now() + lasts, subscribe);
  }
  static std::string WithToken(std::string_view type, const std::string& token,
                               std::string_view name = "Authorization") {
    return absl::StrCat(R"({"type":")", ToAbsl(type), R"(","payload":{")", ToAbsl(name),
                        R"(":"Bearer )", token, R"("}})");
  }
  Client& JoinWith(std::string_view subscribe, absl::Duration lasts = absl::Hours(1)) {
    Client& client = Connect();
    Send(client, WithToken("connection_init", Token(lasts, subscribe)));
    EXPECT_EQ(Text(Got(client).at(0), "type"), "connection_ack");
    client.session().OnSignOfLife();
    return client;
  }
  void Refresh(Client& client, std::string_view subscribe, absl::Duration lasts = absl::Hours(1)) {
    Send(client, WithToken("ping", Token(lasts, subscribe)));
  }
  static json::object PayloadOf(const json::object& message) {
    return message.contains("payload") && message.at("payload").is_object()
               ? message.at("payload").as_object()
               : json::object();
  }
  // The clients answer pings.
  void Pass(absl::Duration time) {
    for (; time > absl::ZeroDuration(); time -= absl::Seconds(20)) {
      SessionTest::Pass(std::min(time, absl::Seconds(20)));
      for (const auto& client : clients) client->session().OnPong();
    }
  }
  // Every other event is P0.
  void PublishEach(Sequence last) {
    while (log.latest().sequence < last) {
      const Sequence next = log.latest().sequence + 1;
      PublishIncident(next, next % 2 == 0 ? v1::SEVERITY_P0 : v1::SEVERITY_P2);
    }
    Settle();
  }
  static std::vector<Sequence> Evens(Sequence from, Sequence to, bool even = true) {
    std::vector<Sequence> evens;
    for (Sequence next = from + 1; next <= to; ++next) {
      if ((next % 2 == 0) == even) evens.push_back(next);
    }
    return evens;
  }
};

TEST_F(GraphqlAuthTest, WithoutATokenConnectionInitIsClosedWith4403) {
  Client& client = Connect();
  Send(client, R"({"type":"ping","payload":{"a":1}})");
  EXPECT_EQ(json::serialize(One(client)), R"({"type":"pong","payload":{"a":1}})");
  Send(client, kInit);
  EXPECT_EQ(client.output.close_code, 4403);
  EXPECT_THAT(client.output.close_reason, StartsWith("UNAUTHENTICATED: Forbidden: "));
  EXPECT_THAT(Got(client), IsEmpty());
}

TEST_F(GraphqlAuthTest, ABadTokenIsClosedWith4403) {
  const std::string good = Token(absl::Hours(1));
  for (const std::string& payload :
       {std::string(R"({"Authorization":"Bearer nonsense"})"),
        std::string(R"({"Authorization":"Basic YTpi"})"),
        absl::StrCat(R"({"Authorization":")", good, R"("})"), std::string(R"({"Authorization":7})"),
        absl::StrCat(R"({"Authorization":"Bearer )", Token(absl::Seconds(-31)), R"("})"),
        absl::StrCat(R"({"Authorization":"Bearer )", good, R"(","authorization":"Bearer )", good,
                     R"("})")}) {
    Client& client = Connect();
    Send(client, absl::StrCat(R"({"type":"connection_init","payload":)", payload, "}"));
    EXPECT_EQ(client.output.close_code, 4403) << payload;
    EXPECT_THAT(client.output.close_reason, StartsWith("UNAUTH")) << payload;
    EXPECT_THAT(Got(client), IsEmpty());
    clients.pop_back();
  }
}

TEST_F(GraphqlAuthTest, TheTokenOfConnectionInitOpensTheSessionInAnyLetterCase) {
  for (const char* name : {"Authorization", "authorization", "AUTHORIZATION"}) {
    Client& client = Connect();
    Send(client,
         WithToken("connection_init", TokenOf("ann", absl::FromUnixSeconds(1'700'003'600)), name));
    const json::object ack = One(client);
    EXPECT_EQ(Text(ack, "type"), "connection_ack");
    EXPECT_EQ(Text(PayloadOf(ack), "expiresAt"), "2023-11-14T23:13:20.000000Z");
    EXPECT_EQ(client.session().subject()->name, "ann");
  }
}

TEST_F(GraphqlAuthTest, TheTokenOfTheHandshakeIsEnoughAndAnotherMustBeOfTheSameSubject) {
  comes_as = authenticator->Authenticate(Token(absl::Hours(1))).value();
  Client& enough = Connect();
  Send(enough, kInit);
  EXPECT_EQ(Text(One(enough), "type"), "connection_ack");
  Client& other = Connect();
  Send(other, WithToken("connection_init", Token(absl::Hours(1), "true", "bob")));
  EXPECT_EQ(other.output.close_code, 4403);
  EXPECT_THAT(other.output.close_reason, StartsWith("FORBIDDEN: "));
}

TEST_F(GraphqlSessionTest, WhereAuthenticationIsOffTokensArePassedOver) {
  Client& client = Connect();
  Send(client,
       R"({"type":"connection_init","payload":{"Authorization":"x","authorization":"Bearer y"}})");
  const json::object ack = One(client);
  EXPECT_EQ(Text(ack, "type"), "connection_ack");
  EXPECT_FALSE(ack.at("payload").as_object().contains("expiresAt"));
  Send(client, R"({"type":"ping","payload":{"Authorization":"Bearer y"}})");
  EXPECT_EQ(Text(One(client), "type"), "pong");
  EXPECT_EQ(client.output.close_code, 0);
}

TEST_F(GraphqlAuthTest, ASubscriptionIsNarrowedLiveAndInReplay) {
  PublishEach(10);
  Client& client = JoinWith(kP0);
  Send(client, Operation("live", kEvents));
  Send(client, Operation("past", kEvents, ResumeFrom(0)));
  PublishEach(20);
  Settle();
  const std::vector<json::object> got = Got(client);
  EXPECT_EQ(Told(got, "live"), Evens(10, 20));
  EXPECT_EQ(Told(got, "past"), Evens(0, 20));
}

TEST_F(GraphqlAuthTest, WithoutThePermissionAnOperationIsForbidden) {
  Client& client = JoinWith("false");
  Send(client, Operation("a", kEvents));
  EXPECT_EQ(CodeOf(ErrorOf(One(client), "a")), "FORBIDDEN");
  EXPECT_EQ(client.output.close_code, 0);
}

TEST_F(GraphqlAuthTest, QueriesAndMutationsAreExecutedForTheSubject) {
  Client& client = JoinWith(kP0);
  Send(client, Operation("q", "{ health { status } }"));
  ASSERT_EQ(executed.size(), 1u);
  EXPECT_EQ(executed[0].subject, client.session().subject());
  EXPECT_EQ(executed[0].subject->name, "ann");
}

TEST_F(GraphqlAuthTest, APingWithATokenRefreshesAndIsNotSentBack) {
  Client& client = JoinWith("true", absl::Seconds(100));
  Send(client, Operation("a", kEvents));
  for (int round = 1; round <= 4; ++round) {
    Pass(absl::Seconds(60));
    PublishEach(static_cast<Sequence>(round) * 10);
    Refresh(client, "true", absl::Seconds(100));
  }
  std::vector<json::object> got = Got(client);
  EXPECT_EQ(Told(got, "a"), tocsin::testing::Range(1, 40));
  EXPECT_EQ(client.output.close_code, 0);
  size_t pongs = 0;
  for (const json::object& each : got) {
    if (Text(each, "type") != "pong") continue;
    ++pongs;
    EXPECT_EQ(Text(PayloadOf(each), "type"), "authenticated");
    EXPECT_TRUE(PayloadOf(each).contains("expires_at"));
    EXPECT_THAT(json::serialize(each), Not(HasSubstr("ey")));
  }
  EXPECT_EQ(pongs, 4u);
}

TEST_F(GraphqlAuthTest, TheAnswerStandsWhereThePermissionChanges) {
  Client& client = JoinWith(kP2);
  Send(client, Operation("a", kEvents));
  Got(client);
  client.reads = false;
  PublishEach(30);
  Refresh(client, kP0);
  PublishEach(60);
  client.reads = true;
  Settle();
  const std::vector<json::object> got = Got(client);
  const auto at = std::ranges::find_if(
      got, [](const json::object& each) { return Text(each, "type") == "pong"; });
  ASSERT_NE(at, got.end());
  EXPECT_EQ(Text(PayloadOf(*at), "permission_changed"), "true");
  EXPECT_EQ(Told({got.begin(), at}, "a"), Evens(0, 30, false));
  EXPECT_EQ(Told({at, got.end()}, "a"), Evens(30, 60));
}

TEST_F(GraphqlAuthTest, WithThePermissionGoneOperationsEndForbidden) {
  Client& client = JoinWith("true");
  Send(client, Operation("a", kEvents));
  Send(client, Operation("b", kFollow));
  Got(client);
  Refresh(client, "false");
  std::vector<json::object> got = Got(client);
  EXPECT_THAT(Types(got), ::testing::UnorderedElementsAre("error", "error", "pong"));
  PublishEach(9);
  Settle();
  EXPECT_THAT(Got(client), IsEmpty());
  EXPECT_EQ(client.output.close_code, 0);
}

TEST_F(GraphqlAuthTest, ASnapshotThatIsUnderWayBeginsAnew) {
  Client& client = JoinWith("true");
  Send(client, Operation("b", kFollow));
  ASSERT_EQ(snapshots.opened.size(), 1u);
  Refresh(client, kP0);
  ASSERT_EQ(snapshots.opened.size(), 2u);
  EXPECT_FALSE(snapshots.opened[0]->alive);
  const auto clauses = snapshots.opened[1]->filter->clauses();
  EXPECT_TRUE(std::ranges::any_of(clauses, [](const Clause& clause) {
    return clause.proto().severities_size() == 1 && clause.proto().severities(0) == v1::SEVERITY_P0;
  }));
}

TEST_F(GraphqlAuthTest, ABadTokenInAPingEndsTheSession) {
  Client& client = JoinWith("true");
  Send(client, R"({"type":"ping","payload":{"authorization":"Bearer nonsense"}})");
  EXPECT_EQ(client.output.close_code, 4403);
  EXPECT_THAT(client.output.close_reason, StartsWith("UNAUTHORIZED: Forbidden: "));
}

TEST_F(GraphqlAuthTest, AnotherSubjectsTokenIsRefusedByThePong) {
  Client& client = JoinWith("true");
  Send(client, WithToken("ping", Token(absl::Hours(1), "true", "bob")));
  const json::object pong = One(client);
  EXPECT_EQ(Text(PayloadOf(pong), "type"), "error");
  EXPECT_EQ(Text(PayloadOf(pong), "code"), "FORBIDDEN");
  EXPECT_EQ(client.session().subject()->name, "ann");
}

TEST_F(GraphqlAuthTest, TheClientIsToldByAPingAndAtTheEndClosed) {
  Client& client = JoinWith("true", absl::Seconds(100));
  Send(client, Operation("a", kEvents));
  Send(client, Operation("q", "{ health { status } }"));
  Pass(absl::Seconds(45));
  std::vector<json::object> got = Got(client);
  const auto told = std::ranges::count_if(got, [](const json::object& each) {
    return Text(PayloadOf(each), "type") == "token_expiring" &&
           PayloadOf(each).contains("expires_at");
  });
  EXPECT_EQ(told, 1);
  clock.Advance(absl::Seconds(86));
  PublishEach(4);
  executed.at(0).done(R"({"data":{"health":null}})");
  Settle();
  EXPECT_THAT(Got(client), IsEmpty());
  client.session().Tick();
  EXPECT_EQ(client.output.close_code, 4403);
  EXPECT_THAT(client.output.close_reason, StartsWith("UNAUTHORIZED: Forbidden: "));
}

}  // namespace
}  // namespace tocsin::bridge::testing
