// Sessions of /ws with authentication on: who is let in, until when, and what a fresh token changes.
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/bridge/session_fixture.h"
#include "tests/bridge/session_tokens.h"

namespace tocsin::bridge::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::string_view kP0 = R"({"severities":["P0"]})";
constexpr std::string_view kP1 = R"({"severities":["P1"]})";
constexpr std::string_view kNone = "false";

class AuthSessionTest : public SessionTest {
 protected:
  explicit AuthSessionTest(ShardOptions shard_options = {})
      : SessionTest(shard_options, {1000, 1 << 30}, SecretAuthenticator) {
    comes_as = nullptr;
  }

  std::string Token(absl::Duration lasts, std::string_view subscribe = "true",
                    std::string_view subject = "ann") {
    return TokenOf(subject, clock.Now() + lasts, subscribe);
  }
  static std::string Authenticate(const std::string& token) {
    return absl::StrCat(R"({"type":"authenticate","token":")", token, "\"}");
  }
  void Refresh(Client& client, std::string_view subscribe, absl::Duration lasts = absl::Hours(1)) {
    Send(client, Authenticate(Token(lasts, subscribe)));
  }
  // A client whose handshake brought a token.
  Client& ConnectAs(const std::string& token) {
    comes_as = authenticator->Authenticate(token).value();
    Client& client = Connect();
    comes_as = nullptr;
    return client;
  }
  Client& ConnectWith(std::string_view subscribe, absl::Duration lasts = absl::Hours(1)) {
    Client& client = ConnectAs(Token(lasts, subscribe));
    Got(client);
    return client;
  }
  // The clients answer pings.
  void Pass(absl::Duration time) {
    for (; time > absl::ZeroDuration(); time -= absl::Seconds(20)) {
      SessionTest::Pass(std::min(time, absl::Seconds(20)));
      for (const auto& client : clients) client->session().OnPong();
    }
  }
  // P0, P1, P2, P0, …
  static v1::Severity SeverityOf(Sequence sequence) {
    return std::vector{v1::SEVERITY_P2, v1::SEVERITY_P0, v1::SEVERITY_P1}[sequence % 3];
  }
  void PublishEach(Sequence last) {
    for (Sequence next = log.latest().sequence + 1; next <= last; ++next) {
      Publish(next, SeverityOf(next));
    }
    Settle();
  }
  static std::vector<Sequence> Those(std::vector<v1::Severity> of, Sequence from, Sequence to) {
    std::vector<Sequence> those;
    for (Sequence next = from + 1; next <= to; ++next) {
      if (std::ranges::count(of, SeverityOf(next)) > 0) those.push_back(next);
    }
    return those;
  }
  // Splits at `authenticated`.
  static std::pair<std::vector<json::object>, std::vector<json::object>> Around(
      const std::vector<json::object>& got) {
    const auto at = std::ranges::find_if(
        got, [](const json::object& each) { return Text(each, "type") == "authenticated"; });
    EXPECT_NE(at, got.end()) << "nothing says authenticated";
    return {{got.begin(), at}, {at == got.end() ? at : at + 1, got.end()}};
  }
};

// ---- until a token has come ----

TEST_F(AuthSessionTest, WithoutATokenPingsAreAnsweredAndNothingElseIs) {
  PublishUpTo(5);
  Client& client = Connect();
  const json::object welcome = One(client);
  EXPECT_EQ(Text(welcome, "type"), "welcome");
  EXPECT_FALSE(welcome.contains("cursor")) << "it would tell how much has been published";
  Send(client, R"({"type":"ping","timestamp":7})");
  EXPECT_EQ(json::serialize(One(client)), R"({"type":"pong","timestamp":7})");
  for (const std::string& message :
       {Subscribe("a"), std::string(R"({"type":"unsubscribe","subscription_id":"a"})"),
        std::string(R"({"type":"ack","message_id":"x"})")}) {
    Send(client, message);
    EXPECT_EQ(Text(One(client), "code"), "UNAUTHENTICATED") << message;
  }
  Send(client, Subscribe("a"));
  EXPECT_EQ(Text(One(client), "subscription_id"), "a");
  Send(client, R"({"type":"nonsense"})");
  EXPECT_EQ(Text(One(client), "code"), "INVALID_MESSAGE");
  PublishUpTo(9);
  Settle();
  EXPECT_THAT(Got(client), IsEmpty());
  EXPECT_EQ(client.session().subject(), nullptr);
}

TEST_F(AuthSessionTest, WithoutATokenForTenSecondsItEndsWith4401) {
  Client& client = Connect();
  Got(client);
  Pass(absl::Seconds(9));
  EXPECT_EQ(client.output.close_code, 0);
  Pass(absl::Seconds(1));
  EXPECT_EQ(client.output.close_code, 4401);
  EXPECT_THAT(client.output.close_reason, HasSubstr("UNAUTHENTICATED"));
  const std::vector<json::object> got = Got(client);
  ASSERT_THAT(Types(got), ElementsAre("error", "closing"));
  EXPECT_EQ(Text(got[0], "code"), "UNAUTHENTICATED");
  EXPECT_EQ(Text(got[1], "code"), "4401");
}

TEST_F(AuthSessionTest, AuthenticateOpensTheSession) {
  PublishUpTo(5);
  Client& client = Connect();
  Got(client);
  Send(client, Authenticate(TokenOf("ann", absl::FromUnixSeconds(1'700'003'600))));
  const json::object authenticated = One(client);
  EXPECT_EQ(Text(authenticated, "type"), "authenticated");
  EXPECT_EQ(Text(authenticated, "expires_at"), "2023-11-14T23:13:20.000000Z");
  EXPECT_EQ(Text(authenticated, "cursor"), FormatCursor({kEpoch, 5}));
  EXPECT_FALSE(authenticated.contains("permission_changed"));
  EXPECT_EQ(client.session().subject()->name, "ann");
  Send(client, Subscribe("a"));
  EXPECT_EQ(Text(One(client), "type"), "subscribed");
  Pass(absl::Seconds(20));
  EXPECT_EQ(client.output.close_code, 0);
}

TEST_F(AuthSessionTest, ABadTokenIsToldAndEndsTheSession) {
  for (const bool refreshes : {false, true}) {
    Client& client = refreshes ? ConnectWith("true") : Connect();
    Got(client);
    Send(client, Authenticate(Token(absl::Hours(1)) + "x"));
    const std::vector<json::object> got = Got(client);
    ASSERT_THAT(Types(got), ElementsAre("error", "closing"));
    EXPECT_EQ(Text(got[0], "code"), "UNAUTHORIZED");
    EXPECT_EQ(client.output.close_code, 4401);
    EXPECT_THAT(client.output.close_reason, HasSubstr("UNAUTHORIZED"));
    clients.pop_back();
  }
}

TEST_F(AuthSessionTest, TheTokenOfTheHandshakeOpensTheSessionAtOnce) {
  PublishUpTo(5);
  Client& client = ConnectAs(Token(absl::Hours(1)));
  EXPECT_TRUE(One(client).contains("cursor"));
  Send(client, Subscribe("a"));
  EXPECT_EQ(Text(One(client), "type"), "subscribed");
  EXPECT_EQ(client.session().subject()->name, "ann");
}

TEST_F(SessionTest, WhereAuthenticationIsOffATokenIsPassedOver) {
  Client& client = Connect();
  Got(client);
  Send(client, R"({"type":"authenticate","token":"nonsense"})");
  EXPECT_THAT(Got(client), IsEmpty());
  Send(client, Subscribe("a"));
  EXPECT_EQ(Text(One(client), "type"), "subscribed");
  Pass(absl::Seconds(20));
  EXPECT_EQ(client.output.close_code, 0);
  EXPECT_EQ(client.session().subject(), Subject::Anyone());
}

// ---- until it runs out ----

TEST_F(AuthSessionTest, TheClientIsToldOnceAMinuteBeforeTheEnd) {
  Client& client = ConnectWith("true", absl::Seconds(100));
  Pass(absl::Seconds(39));
  EXPECT_THAT(Types(Got(client)), Not(Contains("token_expiring")));
  Pass(absl::Seconds(2));
  const std::vector<json::object> got = Got(client);
  EXPECT_EQ(std::ranges::count(Types(got), "token_expiring"), 1);
  Pass(absl::Seconds(50));
  EXPECT_EQ(std::ranges::count(Types(Got(client)), "token_expiring"), 0);
}

TEST_F(AuthSessionTest, OneThatEndsWithinAMinuteIsToldAtOnceAndOnceAToken) {
  Client& client = ConnectAs(Token(absl::Seconds(50)));
  EXPECT_THAT(Types(Got(client)), ElementsAre("welcome", "token_expiring"));
  Refresh(client, "true", absl::Seconds(40));
  EXPECT_THAT(Types(Got(client)), ElementsAre("authenticated"));
  Pass(absl::Seconds(1));
  EXPECT_THAT(Types(Got(client)), ElementsAre("token_expiring"));
  Pass(absl::Seconds(10));
  EXPECT_THAT(Types(Got(client)), IsEmpty());
}

TEST_F(AuthSessionTest, AtTheEndOfTheLeewayItEndsAndNothingIsDeliveredAfterIt) {
  Client& client = ConnectWith("true", absl::Seconds(100));
  Send(client, Subscribe("a"));
  Pass(absl::Seconds(125));
  Got(client);
  Publish(1);
  Settle();
  EXPECT_THAT(Sequences(Got(client)), ElementsAre(1)) << "within the leeway";
  clock.Advance(absl::Seconds(6));
  Publish(2);
  Settle();  // before the next look at the time
  EXPECT_THAT(Got(client), IsEmpty());
  client.session().Tick();
  Settle();
  const std::vector<json::object> got = Got(client);
  ASSERT_THAT(Types(got), ElementsAre("error", "closing"));
  EXPECT_EQ(Text(got[0], "code"), "UNAUTHORIZED");
  EXPECT_EQ(client.output.close_code, 4401);
  Publish(3);
  Settle();
  EXPECT_THAT(Got(client), IsEmpty());
}

TEST_F(AuthSessionTest, AfterTheEndNoMessageIsTakenAnyMore) {
  Client& client = ConnectWith("true", absl::Seconds(100));
  clock.Advance(absl::Seconds(131));
  Refresh(client, "true");
  EXPECT_THAT(Types(Got(client)), ElementsAre("error", "closing"));
  EXPECT_EQ(client.output.close_code, 4401);
}

TEST_F(AuthSessionTest, AFreshTokenInTimeGoesOnWithoutAGap) {
  Client& client = ConnectWith("true", absl::Seconds(100));
  Send(client, Subscribe("a"));
  Got(client);
  for (int round = 1; round <= 5; ++round) {
    Pass(absl::Seconds(60));
    PublishUpTo(static_cast<Sequence>(round) * 10);
    Refresh(client, "true", absl::Seconds(100));
  }
  const std::vector<json::object> got = Got(client);
  EXPECT_EQ(Sequences(got), tocsin::testing::Range(1, 50));
  EXPECT_EQ(client.output.close_code, 0);
  for (const json::object& each : got) EXPECT_FALSE(each.contains("permission_changed"));
}

TEST_F(AuthSessionTest, AShorterTokenEndsTheSessionEarlier) {
  Client& client = ConnectWith("true");
  Refresh(client, "true", absl::Seconds(10));
  Pass(absl::Seconds(41));
  EXPECT_EQ(client.output.close_code, 4401);
}

TEST_F(AuthSessionTest, AnotherSubjectsTokenIsRefusedAndTheSessionStaysWhose) {
  Client& client = ConnectWith(kP0, absl::Seconds(100));
  Send(client, Subscribe("a"));
  Got(client);
  Send(client, Authenticate(Token(absl::Hours(1), "true", "bob")));
  EXPECT_EQ(Text(One(client), "code"), "FORBIDDEN");
  EXPECT_EQ(client.session().subject()->name, "ann");
  PublishEach(9);
  Settle();
  EXPECT_EQ(Sequences(Got(client)), Those({v1::SEVERITY_P0}, 0, 9));
  Pass(absl::Seconds(131));
  EXPECT_EQ(client.output.close_code, 4401) << "it ends when the session's own token does";
}

// ---- what may be seen ----

TEST_F(AuthSessionTest, WithoutThePermissionASubscriptionIsForbidden) {
  Client& client = ConnectWith(kNone);
  Send(client, Subscribe("a"));
  Send(client, Subscribe("b", R"("snapshot":true)"));
  const std::vector<json::object> got = Got(client);
  ASSERT_THAT(Types(got), ElementsAre("error", "error"));
  EXPECT_EQ(Text(got[0], "code"), "FORBIDDEN");
  EXPECT_EQ(Text(got[0], "subscription_id"), "a");
  EXPECT_EQ(Text(got[1], "subscription_id"), "b");
  EXPECT_THAT(snapshots.opened, IsEmpty());
  EXPECT_EQ(client.output.close_code, 0);
}

TEST_F(AuthSessionTest, ASubscriptionIsNarrowedAndCalledByItsOwnFilter) {
  PublishEach(30);
  Client& client = ConnectWith(kP0);
  Send(client, Subscribe("live", R"("filters":{"sources":["monitor"]})"));
  const json::object subscribed = One(client);
  EXPECT_EQ(Text(subscribed, "filters"), R"({"sources":["monitor"]})");
  Send(client, absl::StrCat(R"({"type":"unsubscribe","subscription_id":"live"})"));
  Got(client);
  Send(client,
       Subscribe("past", absl::StrCat(R"("resume_from":")", FormatCursor({kEpoch, 0}), "\"")));
  PublishEach(60);
  Settle();
  std::vector<json::object> got = Got(client);
  EXPECT_EQ(Text(got[0], "filters"), "{}");
  EXPECT_EQ(Sequences(got), Those({v1::SEVERITY_P0}, 0, 60));
  const v1::SessionExplanation told = client.session().Explain();
  EXPECT_EQ(told.subscriptions(0).filter().severities_size(), 0) << "its own filter";
  EXPECT_EQ(told.subscriptions(0).require_size(), 0);
}

TEST_F(AuthSessionTest, ASnapshotAndItsLeavesAreNarrowed) {
  Client& client = ConnectWith(kP0);
  Send(client, Subscribe("a", R"("snapshot":true,"filters":{"sources":["monitor"]})"));
  ASSERT_EQ(snapshots.opened.size(), 1u);
  EXPECT_EQ(snapshots.opened[0]->filter->clauses().size(), 2u);
  snapshots.Give(0, "1", /*first=*/true, /*last=*/true);
  Settle();
  std::vector<json::object> got = Got(client);
  ASSERT_THAT(Types(got), ElementsAre("subscribed", "snapshot"));
  EXPECT_EQ(Text(got[0], "filters"), R"({"sources":["monitor"]})");
  PublishChange(1, v1::SEVERITY_P0, v1::SEVERITY_P2);  // leaves what may be seen
  PublishChange(2, v1::SEVERITY_P1, v1::SEVERITY_P2);  // was never seen
  PublishChange(3, v1::SEVERITY_P2, v1::SEVERITY_P0);
  Settle();
  got = Got(client);
  ASSERT_THAT(Types(got), ElementsAre("left", "event"));
  EXPECT_EQ(Text(got[0], "incident_id"), "0190a000-0000-7000-8000-000000000007");
  EXPECT_FALSE(got[0].contains("incident")) << "it is hidden now";
}

// Both follow what is P0: one asked for that, the other may see no more. By what they are given alone
// their filters are the same.
TEST_F(AuthSessionTest, WhatLeavesIsShownToWhomItIsNotHiddenFrom) {
  Client& sees_all = ConnectWith("true");
  Client& sees_p0 = ConnectWith(kP0);
  Send(sees_all, Subscribe("a", R"("leaves":true,"filters":{"severities":["P0"]})"));
  Send(sees_p0, Subscribe("a", R"("leaves":true)"));
  Got(sees_all);
  Got(sees_p0);
  PublishChange(1, v1::SEVERITY_P0, v1::SEVERITY_P2);
  Settle();
  const json::object shown = One(sees_all);
  const json::object hidden = One(sees_p0);
  EXPECT_EQ(Text(shown, "type"), "left");
  EXPECT_TRUE(shown.contains("incident"));
  EXPECT_EQ(Text(hidden, "type"), "left");
  EXPECT_FALSE(hidden.contains("incident"));
  EXPECT_EQ(Text(hidden, "incident_id"), Text(shown, "incident_id"));
}

// ---- a fresh token that allows something else ----

TEST_F(AuthSessionTest, AuthenticatedStandsWhereThePermissionChanges) {
  Client& client = ConnectWith("true");
  Send(client, Subscribe("a"));
  Send(client, Subscribe("b", R"("filters":{"severities":["P0","P2"]})"));
  Got(client);
  client.reads = false;
  PublishEach(30);
  Refresh(client, kP0);
  PublishEach(60);
  Settle();
  client.reads = true;
  Settle();
  const auto [before, after] = Around(Got(client));
  EXPECT_EQ(Sequences(before), tocsin::testing::Range(1, 30));
  EXPECT_EQ(Sequences(after), Those({v1::SEVERITY_P0}, 30, 60));
  for (const json::object& each : after) {
    EXPECT_EQ(each.at("subscription_ids").as_array().size(), 2u) << "one message for both";
  }
  Refresh(client, R"({"severities":["P0","P1"]})");
  PublishEach(90);
  Settle();
  EXPECT_EQ(Sequences(Around(Got(client)).second),
            Those({v1::SEVERITY_P0, v1::SEVERITY_P1}, 60, 90));
}

TEST_F(AuthSessionTest, TheClientIsToldThatThePermissionHasChanged) {
  Client& client = ConnectWith("true");
  Refresh(client, kP0);
  EXPECT_EQ(Text(One(client), "permission_changed"), "true");
  Refresh(client, kP0);
  EXPECT_FALSE(One(client).contains("permission_changed"));
}

TEST_F(AuthSessionTest, WithThePermissionGoneEachSubscriptionEndsForbiddenAndTheSessionStays) {
  Client& client = ConnectWith("true");
  Send(client, Subscribe("a"));
  Send(client, Subscribe("b", R"("snapshot":true)"));
  Got(client);
  Refresh(client, kNone);
  const std::vector<json::object> got = Got(client);
  EXPECT_THAT(Types(got), ::testing::UnorderedElementsAre("error", "error", "authenticated"));
  for (const json::object& each : got) {
    if (Text(each, "type") == "error") EXPECT_EQ(Text(each, "code"), "FORBIDDEN");
  }
  PublishEach(9);
  Settle();
  EXPECT_THAT(Got(client), IsEmpty());
  Refresh(client, "true");
  Got(client);
  Send(client, Subscribe("a"));
  Send(client, Subscribe("b"));
  EXPECT_THAT(Types(Got(client)), ElementsAre("subscribed", "subscribed")) << "the ids are free";
}

TEST_F(AuthSessionTest, ASnapshotThatIsBeingSentBeginsAnewWithoutWhatMayNotBeSeen) {
  Client& client = ConnectWith("true");
  Send(client, Subscribe("a", R"("snapshot":true)"));
  Send(client, Subscribe("b", R"("snapshot":true)"));
  snapshots.Give(3, "1", /*first=*/true, /*last=*/false);
  Settle();
  Got(client);
  Refresh(client, kP0);
  EXPECT_THAT(Types(Got(client)), ElementsAre("authenticated"));
  ASSERT_EQ(snapshots.opened.size(), 2u);
  EXPECT_FALSE(snapshots.opened[0]->alive);
  EXPECT_EQ(snapshots.opened[1]->filter->clauses()[0].proto().severities(0), v1::SEVERITY_P0);
  snapshots.Give(0, "2", /*first=*/true, /*last=*/true);
  Settle();
  std::vector<json::object> got = Got(client);
  ASSERT_THAT(Types(got), ElementsAre("snapshot")) << "it was told of before";
  EXPECT_EQ(Text(got[0], "first"), "true");
  ASSERT_EQ(snapshots.opened.size(), 3u);
  EXPECT_EQ(snapshots.opened[2]->filter->key(), snapshots.opened[1]->filter->key());
}

// The last part of a snapshot waits for the place where the subscription begins, which the log has
// yet to find: it was made under the earlier permission.
TEST_F(AuthSessionTest, TheEndOfASnapshotThatHasNoPlaceYetIsThrownAway) {
  PublishUpTo(1'500);  // the window holds the last 1,000
  Client& client = ConnectWith("true");
  Send(client, Subscribe("a", R"("snapshot":true)"));
  snapshots.Give(3, "1", /*first=*/true, /*last=*/true);
  client.session().OnSignOfLife();
  client.session().OnText(Authenticate(Token(absl::Hours(1), kP0)));
  Settle();
  EXPECT_THAT(Types(Got(client)), ElementsAre("subscribed", "authenticated"));
  ASSERT_EQ(snapshots.opened.size(), 2u);
  snapshots.Give(1'500, "2", /*first=*/true, /*last=*/true);
  Publish(1'501, v1::SEVERITY_P0);
  Settle();
  const std::vector<json::object> got = Got(client);
  ASSERT_THAT(Types(got), ElementsAre("snapshot", "event"));
  EXPECT_EQ(Text(got[0], "incidents"), "[2]");
}

TEST_F(AuthSessionTest, ASnapshotThatComesAfterTheEndIsNotDelivered) {
  Client& client = ConnectWith("true", absl::Seconds(100));
  Send(client, Subscribe("a", R"("snapshot":true)"));
  Got(client);
  clock.Advance(absl::Seconds(131));
  snapshots.Give(3, "1", /*first=*/true, /*last=*/false);
  Settle();
  EXPECT_THAT(Types(Got(client)), ElementsAre("error", "closing"));
}

class SlowAuthSessionTest : public AuthSessionTest {
 protected:
  SlowAuthSessionTest() : AuthSessionTest({.pending_messages = 40, .write_events = 8}) {}

  static std::string From(Sequence sequence, std::string_view more = "") {
    return absl::StrCat(R"("resume_from":")", FormatCursor({kEpoch, sequence}), "\"", ToAbsl(more));
  }
};

TEST_F(SlowAuthSessionTest, AReplayThatIsUnderWayGoesOnWithWhatMayBeSeen) {
  PublishEach(1'500);
  for (const char* more : {"", R"(,"priority":true)", R"(,"latest_only":true)"}) {
    Client& client = ConnectWith(kP0);
    client.reads = false;
    Send(client, Subscribe("a", From(0, more)));
    Refresh(client, kP1);
    client.reads = true;
    Settle();
    const std::vector<json::object> got = Got(client);
    const auto [before, after] = Around(got);
    const std::string cursor = Text(got.at(before.size()), "cursor");
    const Sequence place =
        std::get<Cursor>(ParseResumePoint(cursor, "cursor").value().start).sequence;
    ASSERT_GT(place, 0u) << more;
    ASSERT_LT(place, 1'000u) << more;
    EXPECT_EQ(Sequences(before), Those({v1::SEVERITY_P0}, 0, place)) << more;
    EXPECT_EQ(Sequences(after), Those({v1::SEVERITY_P1}, place, 1'500)) << more;
    clients.pop_back();
  }
}

TEST_F(SlowAuthSessionTest, AllOf128SubscriptionsChangeAtTheSamePlace) {
  Client& client = ConnectWith("true");
  for (int i = 0; i < 128; ++i) {
    Send(client, Subscribe(absl::StrCat("s", i), i % 2 == 0 ? "" : R"("priority":true)"));
    clock.Advance(absl::Milliseconds(20));
  }
  Got(client);
  PublishEach(12);
  Refresh(client, kP0);
  PublishEach(24);
  Settle();
  const auto [before, after] = Around(Got(client));
  EXPECT_EQ(Sequences(before), tocsin::testing::Range(1, 12));
  EXPECT_EQ(Sequences(after), Those({v1::SEVERITY_P0}, 12, 24));
  for (const json::object& each : after) {
    EXPECT_EQ(each.at("subscription_ids").as_array().size(), 128u);
  }
}

TEST_F(SlowAuthSessionTest, AReplacedSubscriptionIsNarrowedAsAnyOther) {
  Client& client = ConnectWith(kP0);
  Send(client, Subscribe("a"));
  Send(client, Subscribe("a", R"("filters":{"severities":["P1","P0"]})"));
  Refresh(client, kP1);
  Send(client, Subscribe("a", R"("filters":{"sources":["monitor"]})"));
  const std::vector<json::object> got = Got(client);
  EXPECT_THAT(Types(got), ElementsAre("subscribed", "subscribed", "authenticated", "subscribed"));
  EXPECT_EQ(Text(got.back(), "filters"), R"({"sources":["monitor"]})");
  PublishEach(30);
  Settle();
  EXPECT_EQ(Sequences(Got(client)), Those({v1::SEVERITY_P1}, 0, 30));
}

}  // namespace
}  // namespace tocsin::bridge::testing
