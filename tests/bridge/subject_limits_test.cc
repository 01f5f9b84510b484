// What one subject may have open at a time, and how often it may publish, on each of the bridge's
// transports.
#include <gmock/gmock.h>

#include "tests/bridge/access_fixture.h"
#include "tests/bridge/graphql_session_fixture.h"
#include "tests/bridge/session_tokens.h"

namespace tocsin::bridge::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

// The log has more than the window, and than fits one who takes nothing.
constexpr WindowBounds kSmallWindow{10, 1 << 30};
constexpr Sequence kLongLog = 5'000;
constexpr std::string_view kFromEarliest = R"("resume_from":"earliest")";

// ---- /ws ----

class SubjectLimitsWsTest : public SessionTest {
 protected:
  SubjectLimitsWsTest() : SessionTest({}, kSmallWindow, SecretAuthenticator) {}

  SubjectPtr Named(std::string_view name) {
    return authenticator->Authenticate(TokenOf(name, clock.Now() + absl::Hours(1))).value();
  }
  Client& ConnectAs(std::string_view name) {
    comes_as = Named(name);
    Client& client = Connect();
    EXPECT_EQ(Text(Got(client).at(0), "type"), "welcome");
    return client;
  }
  std::string Authenticate(std::string_view name) {
    return absl::StrCat(R"({"type":"authenticate","token":")",
                        TokenOf(name, clock.Now() + absl::Hours(1)), "\"}");
  }
  // The one answer to a message.
  json::object Ask(Client& client, const std::string& message) {
    Send(client, message);
    return One(client);
  }
  static void ExpectRefused(const json::object& error, std::string_view code, int64_t retry_ms,
                            std::string_view id) {
    EXPECT_EQ(Text(error, "type"), "error") << json::serialize(error);
    EXPECT_EQ(Text(error, "code"), code);
    EXPECT_EQ(error.at("retry_after_ms").to_number<int64_t>(), retry_ms);
    EXPECT_EQ(Text(error, "subscription_id"), id);
  }
};

TEST_F(SubjectLimitsWsTest, ASessionTooManyIsToldAndClosedAsByAFullServer) {
  authenticator->limits().SetBounds({.connections = 1});
  Client& first = ConnectAs("ann");
  ConnectAs("bob");
  comes_as = Named("ann");
  Client& second = Connect();
  const std::vector<json::object> got = Got(second);
  ASSERT_EQ(got.size(), 3u);
  EXPECT_EQ(Text(got[1], "code"), "RATE_LIMIT_EXCEEDED");
  EXPECT_EQ(got[1].at("retry_after_ms").to_number<int>(), 5'000);
  EXPECT_EQ(Text(got[2], "type"), "closing");
  EXPECT_GE(got[2].at("reconnect_after_ms").to_number<int>(), 6'000);
  EXPECT_LE(got[2].at("reconnect_after_ms").to_number<int>(), 10'000);
  EXPECT_EQ(second.output.close_code, 1013);
  EXPECT_EQ(first.output.close_code, 0);
  first.session().OnPeerClose();
  EXPECT_EQ(ConnectAs("ann").output.close_code, 0);
}

TEST_F(SubjectLimitsWsTest, ATokenInBandIsRefusedUntilThereIsRoom) {
  authenticator->limits().SetBounds({.connections = 1});
  Client& first = ConnectAs("ann");
  comes_as = nullptr;
  Client& second = Connect();
  Got(second);
  ExpectRefused(Ask(second, Authenticate("ann")), "RATE_LIMIT_EXCEEDED", 5'000, "(absent)");
  EXPECT_EQ(second.output.close_code, 0);
  EXPECT_EQ(Text(Ask(second, Subscribe("a")), "code"), "UNAUTHENTICATED");
  first.session().OnPeerClose();
  EXPECT_EQ(Text(Ask(second, Authenticate("ann")), "type"), "authenticated");
  // A fresh token of the same session is no session more.
  EXPECT_EQ(Text(Ask(second, Authenticate("ann")), "type"), "authenticated");
}

TEST_F(SubjectLimitsWsTest, SubscriptionsAreCountedOverItsConnections) {
  authenticator->limits().SetBounds({.subscriptions = 2});
  Client& first = ConnectAs("ann");
  Client& second = ConnectAs("ann");
  EXPECT_EQ(Text(Ask(first, Subscribe("a")), "type"), "subscribed");
  EXPECT_EQ(Text(Ask(second, Subscribe("b")), "type"), "subscribed");
  ExpectRefused(Ask(second, Subscribe("c")), "SUBSCRIPTION_LIMIT_EXCEEDED", 5'000, "c");
  EXPECT_EQ(Text(Ask(second, Subscribe("b")), "type"), "subscribed") << "in the place of the first";
  Client& other = ConnectAs("bob");
  EXPECT_EQ(Text(Ask(other, Subscribe("c")), "type"), "subscribed");
  EXPECT_EQ(Text(Ask(first, R"({"type":"unsubscribe","subscription_id":"a"})"), "type"),
            "unsubscribed");
  EXPECT_EQ(Text(Ask(second, Subscribe("c")), "type"), "subscribed");
  ExpectRefused(Ask(first, Subscribe("d")), "SUBSCRIPTION_LIMIT_EXCEEDED", 5'000, "d");
  second.session().OnPeerClose();
  EXPECT_EQ(Text(Ask(first, Subscribe("d")), "type"), "subscribed");
  EXPECT_EQ(Text(Ask(first, Subscribe("e")), "type"), "subscribed");
}

TEST_F(SubjectLimitsWsTest, AReplayIsCountedUntilItHasCaughtUp) {
  authenticator->limits().SetBounds({.replays = 1});
  PublishUpTo(kLongLog);
  Client& slow = ConnectAs("ann");
  Client& other = ConnectAs("ann");
  slow.reads = false;
  Send(slow, Subscribe("a", kFromEarliest));
  ExpectRefused(Ask(other, Subscribe("b", kFromEarliest)), "RATE_LIMIT_EXCEEDED", 1'000, "b");
  const std::string near =
      absl::StrCat(R"("resume_from":")", FormatCursor({kEpoch, kLongLog - 2}), "\"");
  Send(other, Subscribe("b", near));  // from memory
  EXPECT_EQ(Got(other).size(), 3u);
  slow.reads = true;
  Settle();
  Send(other, Subscribe("c", kFromEarliest));
  EXPECT_GT(Got(other).size(), kLongLog);
}

TEST_F(SubjectLimitsWsTest, ASnapshotIsCountedUntilItIsWhole) {
  authenticator->limits().SetBounds({.subscriptions = 2, .snapshots = 1});
  constexpr std::string_view kSnapshot = R"("snapshot":true)";
  Client& first = ConnectAs("ann");
  Client& second = ConnectAs("ann");
  Send(first, Subscribe("a", kSnapshot));
  for (int i = 0; i < 3; ++i) {
    ExpectRefused(Ask(second, Subscribe("b", kSnapshot)), "RATE_LIMIT_EXCEEDED", 1'000, "b");
  }
  snapshots.Give(0, "", true, true);
  Settle();
  Send(second, Subscribe("b", kSnapshot));
  EXPECT_THAT(Got(second), IsEmpty());
  snapshots.Fail(MakeError(ErrorCode::kServiceUnavailable, "away"));
  Settle();
  EXPECT_EQ(Text(One(second), "code"), "SERVICE_UNAVAILABLE");
  Send(second, Subscribe("b", kSnapshot));
  EXPECT_THAT(Got(second), IsEmpty());
  Send(second, R"({"type":"unsubscribe","subscription_id":"b"})");
  Got(second);
  Send(first, Subscribe("c", kSnapshot));
  EXPECT_THAT(Got(second), IsEmpty());
}

// ---- /graphql/ws ----

class SubjectLimitsGraphqlTest : public GraphqlSessionTest {
 protected:
  SubjectLimitsGraphqlTest() : GraphqlSessionTest({}, kSmallWindow, SecretAuthenticator) {
    comes_as = nullptr;
  }

  Client& Init(std::string_view name) {
    Client& client = Connect();
    Send(client, absl::StrCat(R"({"type":"connection_init","payload":{"Authorization":"Bearer )",
                              TokenOf(name, clock.Now() + absl::Hours(1)), R"("}})"));
    client.session().OnSignOfLife();
    return client;
  }
  Client& JoinAs(std::string_view name) {
    Client& client = Init(name);
    EXPECT_EQ(Text(Got(client).at(0), "type"), "connection_ack");
    return client;
  }
  // What an operation is refused with; empty: it is not.
  std::string RefusalOf(Client& client, std::string_view id, std::string_view query) {
    Send(client, Operation(id, query));
    const std::vector<json::object> got = Got(client);
    return got.empty() || Text(got[0], "type") != "error" ? "" : CodeOf(ErrorOf(got[0], id));
  }

  static constexpr std::string_view kLive = "subscription { events { sequence } }";
  static constexpr std::string_view kReplay =
      "subscription { events(resumeFrom: \"earliest\") { sequence } }";
  static constexpr std::string_view kSnapshot =
      "subscription { incidentUpdates(snapshot: true) { updateType incidentId } }";
};

TEST_F(SubjectLimitsGraphqlTest, ASessionTooManyIsClosedAsByAFullServer) {
  authenticator->limits().SetBounds({.connections = 1});
  Client& first = JoinAs("ann");
  JoinAs("bob");
  Client& second = Init("ann");
  EXPECT_THAT(Got(second), IsEmpty());
  EXPECT_EQ(second.output.close_code, 1013);
  EXPECT_THAT(second.output.close_reason, StartsWith("RATE_LIMIT_EXCEEDED: a subject may have"));
  comes_as = authenticator->Authenticate(TokenOf("ann", clock.Now() + absl::Hours(1))).value();
  EXPECT_EQ(Connect().output.close_code, 1013) << "with the token in the handshake";
  comes_as = nullptr;
  first.session().OnPeerClose();
  JoinAs("ann");
}

TEST_F(SubjectLimitsGraphqlTest, SubscriptionsAreCountedOverItsConnections) {
  authenticator->limits().SetBounds({.subscriptions = 2});
  Client& first = JoinAs("ann");
  Client& second = JoinAs("ann");
  EXPECT_EQ(RefusalOf(first, "a", kLive), "");
  EXPECT_EQ(RefusalOf(second, "b", kLive), "");
  EXPECT_EQ(RefusalOf(second, "c", kLive), "SUBSCRIPTION_LIMIT_EXCEEDED");
  EXPECT_EQ(RefusalOf(JoinAs("bob"), "c", kLive), "");
  Send(first, R"({"id":"a","type":"complete"})");
  EXPECT_EQ(RefusalOf(second, "c", kLive), "");
  second.session().OnPeerClose();
  EXPECT_EQ(RefusalOf(first, "d", kLive), "");
  EXPECT_EQ(RefusalOf(first, "e", kLive), "");
  EXPECT_EQ(RefusalOf(first, "f", kLive), "SUBSCRIPTION_LIMIT_EXCEEDED");
}

TEST_F(SubjectLimitsGraphqlTest, AReplayIsCountedUntilItHasCaughtUp) {
  authenticator->limits().SetBounds({.subscriptions = 2, .replays = 1});
  PublishUpTo(kLongLog);
  Client& slow = JoinAs("ann");
  Client& other = JoinAs("ann");
  slow.reads = false;
  Send(slow, Operation("a", kReplay));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(RefusalOf(other, "b", kReplay), "RATE_LIMIT_EXCEEDED");
  }
  slow.reads = true;
  Settle();
  EXPECT_EQ(RefusalOf(other, "b", kReplay), "");
}

TEST_F(SubjectLimitsGraphqlTest, ASnapshotIsCountedUntilItIsWhole) {
  authenticator->limits().SetBounds({.snapshots = 1});
  Client& first = JoinAs("ann");
  Client& second = JoinAs("ann");
  EXPECT_EQ(RefusalOf(first, "a", kSnapshot), "");
  EXPECT_EQ(RefusalOf(second, "b", kSnapshot), "RATE_LIMIT_EXCEEDED");
  snapshots.Fail(MakeError(ErrorCode::kServiceUnavailable, "away"));
  Settle();
  Got(first);
  EXPECT_EQ(RefusalOf(second, "b", kSnapshot), "");
  Send(second, R"({"id":"b","type":"complete"})");
  EXPECT_EQ(RefusalOf(first, "c", kSnapshot), "");
}

// ---- HTTP ----

class SubjectLimitsHttpTest : public AccessTest {
 protected:
  static constexpr std::string_view kAll = R"({"publish":true,"subscribe":true})";
  static constexpr std::string_view kMutation =
      R"({"query":"mutation { a: resolveIncident(id: \"0190b6a5-7c1e-7000-8000-000000000001\") { __typename } }"})";

  Answer From(std::string_view name, std::string_view method, std::string_view target,
              std::string_view body = "", Fields more = {}) {
    more.push_back(Bearer(Token(kAll, name)));
    more.push_back({"Content-Type", "application/json"});
    return Ask(method, target, body, std::move(more));
  }
  // All that it may at once.
  void PublishToTheBound(std::string_view name) {
    authenticator->limits().SetBounds({.publishes = 2});
    for (int i = 0; i < 4; ++i) {
      EXPECT_EQ(From(name, "POST", "/v1/events", "{}").status, 400);
    }
  }
};

TEST_F(SubjectLimitsHttpTest, PublishesAreCountedOverAllRoutesBeforeTheirBodies) {
  PublishToTheBound("ann");
  constexpr char kId[] = "/v1/incidents/0190b6a5-7c1e-7000-8000-000000000001";
  for (const auto& [method, target] :
       std::vector<std::pair<std::string, std::string>>{{"POST", "/v1/events"},
                                                        {"POST", "/v1/alerts"},
                                                        {"POST", "/v1/incidents"},
                                                        {"PUT", kId},
                                                        {"PATCH", kId},
                                                        {"POST", absl::StrCat(kId, "/resolve")},
                                                        {"POST", "/v2/enqueue"}}) {
    const Answer refused = From("ann", method, target, "{}");
    EXPECT_EQ(refused.status, 429) << target;
    EXPECT_EQ(refused.Text("code"), "RATE_LIMIT_EXCEEDED") << target;
    EXPECT_EQ(refused.Header("Retry-After"), "1") << target;
  }
  EXPECT_EQ(From("bob", "POST", "/v1/events", "{}").status, 400);
  EXPECT_NE(From("ann", "GET", "/v1/incidents").status, 429);
  clock.Advance(absl::Seconds(0.6));
  EXPECT_EQ(From("ann", "POST", "/v1/events", "{}").status, 400);
  EXPECT_THAT(hub.publish.requests, IsEmpty());
}

TEST_F(SubjectLimitsHttpTest, SendersOfAlertsGetWhatTheyTryAgain) {
  PublishToTheBound("ann");
  for (const std::string target : {"/v1/integrations/alertmanager", "/api/v2/alerts",
                                   "/v1/integrations/grafana", "/v1/integrations/oncall"}) {
    const Answer refused = From("ann", "POST", target, "{}");
    EXPECT_EQ(refused.status, 503) << target;
    EXPECT_EQ(refused.Header("Retry-After"), "1") << target;
  }
}

TEST_F(SubjectLimitsHttpTest, EachFieldOfAMutationPublishes) {
  const Answer before = From("ann", "POST", "/graphql", kMutation);
  EXPECT_THAT(before.body, Not(HasSubstr("RATE_LIMIT_EXCEEDED")));
  PublishToTheBound("ann");
  const Answer refused = From("ann", "POST", "/graphql", kMutation);
  EXPECT_THAT(refused.body, HasSubstr(R"("code":"RATE_LIMIT_EXCEEDED")"));
  const Answer query = From("ann", "POST", "/graphql", R"({"query":"{ health { status } }"})");
  EXPECT_THAT(query.body, Not(HasSubstr("RATE_LIMIT_EXCEEDED")));
}

TEST_F(SubjectLimitsHttpTest, AStreamTooManyIsRefused) {
  const SubjectPtr ann = authenticator->Authenticate(Token(kAll)).value();
  const auto stream = [&](std::string_view target) {
    return From("ann", "GET", target, "", {{"Accept", "application/x-ndjson"}});
  };
  const auto graphql = [&] {
    return From("ann", "POST", "/graphql", R"({"query":"subscription { events { sequence } }"})",
                {{"Accept", "multipart/mixed;subscriptionSpec=\"1.0\""}});
  };
  SubjectLimits& limits = authenticator->limits();
  SubjectLimits::Share held = limits.Open(*ann, {Held::kConnection, Held::kSubscription}).value();
  limits.SetBounds({.connections = 1});
  EXPECT_EQ(stream("/v1/events").Text("code"), "RATE_LIMIT_EXCEEDED");
  EXPECT_EQ(graphql().Text("code"), "RATE_LIMIT_EXCEEDED");
  limits.SetBounds({.subscriptions = 1});
  const Answer refused = stream("/v1/events");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.Text("code"), "SUBSCRIPTION_LIMIT_EXCEEDED");
  EXPECT_EQ(refused.Header("Retry-After"), "5");
  EXPECT_EQ(graphql().Text("code"), "SUBSCRIPTION_LIMIT_EXCEEDED");
  limits.SetBounds({.replays = 1, .snapshots = 1});
  for (const Held each : {Held::kReplay, Held::kSnapshot}) {
    ASSERT_TRUE(held.Take(each).ok());
  }
  EXPECT_EQ(stream("/v1/events?resume_from=earliest").Header("Retry-After"), "1");
  EXPECT_EQ(stream("/v1/events?snapshot=true").Text("code"), "RATE_LIMIT_EXCEEDED");
}

}  // namespace
}  // namespace tocsin::bridge::testing
