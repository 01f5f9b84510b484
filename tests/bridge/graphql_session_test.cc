// The life of a GraphQL session, and what its operations are told.
#include "absl/strings/match.h"
#include "tests/bridge/graphql_session_fixture.h"

namespace tocsin::bridge::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tocsin::testing::Range;

TEST_F(GraphqlSessionTest, NothingIsSentBeforeTheAcknowledgement) {
  PublishIncident(1);
  Client& client = Connect();
  client.session().OnHubState(false);
  Pass(absl::Seconds(1));
  EXPECT_THAT(Got(client), IsEmpty());
  Send(client, R"({"type":"connection_init","payload":{"AUTHORIZATION":"Bearer x","other":1}})");
  const json::object ack = One(client);
  EXPECT_EQ(Text(ack, "type"), "connection_ack");
  const json::object& payload = ack.at("payload").as_object();
  EXPECT_EQ(Text(payload, "cursor"), At(1));
  EXPECT_EQ(Text(payload, "sessionId").size(), 36u);
  EXPECT_EQ(Text(payload, "heartbeatIntervalMs"), "30000");
  EXPECT_EQ(Text(payload.at("limits").as_object(), "maxSubscriptions"), "128");
}

TEST_F(GraphqlSessionTest, AHubThatIsOutOfReachIsToldAfterTheAcknowledgementAndEndsNothing) {
  context.hub_connected = false;
  Client& client = Connect();
  Send(client, kInit);
  std::vector<json::object> got = Got(client);
  ASSERT_THAT(Types(got), ElementsAre("connection_ack", "ping"));
  EXPECT_EQ(json::serialize(got[1].at("payload")), R"({"hub":"reconnecting"})");
  client.session().OnHubState(true);
  Settle();
  EXPECT_EQ(json::serialize(One(client).at("payload")), R"({"hub":"connected"})");
  EXPECT_EQ(client.output.close_code, 0);
}

TEST_F(GraphqlSessionTest, APingIsAnsweredWithItsPayloadAlsoBeforeTheInit) {
  Client& client = Connect();
  Send(client, R"({"type":"ping"})");
  EXPECT_EQ(json::serialize(One(client)), R"({"type":"pong"})");
  Send(client, R"({"type":"ping","payload":{"a":[1,"b"]}})");
  EXPECT_EQ(json::serialize(One(client)), R"({"type":"pong","payload":{"a":[1,"b"]}})");
  // To the letter: numbers are not read and written again.
  const std::string payload = R"({"a": 1.0,"b":[18446744073709551617,-0,1E400]})";
  Send(client, R"({"type":"ping","payload":)" + payload + "}");
  EXPECT_EQ(Got(client).size(), 1u);
  EXPECT_EQ(client.newest, R"({"type":"pong","payload":)" + payload + "}");
  Send(client, R"({"type":"pong","payload":null})");
  EXPECT_THAT(Got(client), IsEmpty());
}

TEST_F(GraphqlSessionTest, AnEventIsTheNextOfEveryOperationThatMatchesIt) {
  Client& client = Join();
  Send(client,
       Operation("a", "subscription { newIncidents(severities: [P0]) { title severity } }"));
  Send(client, Operation("b", kEvents));
  EXPECT_THAT(Got(client), IsEmpty());
  PublishIncident(1, v1::SEVERITY_P0);
  Settle();
  const std::vector<json::object> got = Got(client);
  ASSERT_THAT(got, SizeIs(2));
  EXPECT_EQ(json::serialize(got[0]),
            absl::StrCat(R"({"id":"a","type":"next","payload":{"data":{"newIncidents":)",
                         R"({"title":"down","severity":"P0"}},"extensions":{"cursor":")", At(1),
                         "\"}}}"));
  EXPECT_THAT(Told(got, "b"), ElementsAre(1));
  PublishIncident(2, v1::SEVERITY_P3);
  Settle();
  EXPECT_THAT(Told(Got(client), "b"), ElementsAre(2));
}

TEST_F(GraphqlSessionTest, AnEventThatAnOperationTellsNothingOfIsNoMessage) {
  Client& client = Join();
  Send(client, Operation("a", "subscription { incidentStateChanges { newState } }"));
  PublishIncidentsUpTo(3);
  Settle();
  EXPECT_THAT(Got(client), IsEmpty());
}

// Clients name operations by UUIDs: as long, and never the same.
TEST_F(GraphqlSessionTest, ClientsWithOtherIdsOfOneLengthAreToldFromOneRendering) {
  for (const char* id : {"aaaa", "bbbb", "cccc", "dd"}) {
    Send(Join(), Operation(id, kEvents));
  }
  for (int round = 0; round < 3; ++round) {
    PublishIncidentsUpTo(log.latest().sequence + 5);
    Settle();
  }
  EXPECT_EQ(graphql().plain.tails.made(), 15u);
  EXPECT_EQ(graphql().forms.size(), 1u);
  const char* const ids[] = {"aaaa", "bbbb", "cccc", "dd"};
  for (size_t i = 0; i < 4; ++i) {
    const std::vector<json::object> got = Got(*clients[i]);
    EXPECT_THAT(got, SizeIs(15));
    EXPECT_EQ(Told(got, ids[i]), Range(1, 15)) << ids[i];
  }
}

TEST_F(GraphqlSessionTest, AnOperationsFormGoesWithItsLastOperation) {
  Client& one = Join();
  Client& other = Join();
  Send(one, Operation("a", kEvents));
  Send(other, Operation("a", kEvents));
  Send(other, Operation("b", kUpdates));
  EXPECT_EQ(graphql().forms.size(), 2u);
  Send(other, CompleteOf("b"));
  EXPECT_EQ(graphql().forms.size(), 1u);
  Send(one, CompleteOf("a"));
  EXPECT_EQ(graphql().forms.size(), 1u);
  other.session().OnPeerClose();
  EXPECT_EQ(graphql().forms.size(), 0u);
}

TEST_F(GraphqlSessionTest, IdsAreWrittenAsJsonAndOperationsOfEqualIdsOfOtherSessionsAreApart) {
  Client& one = Join();
  Client& other = Join();
  Send(one, Operation(R"(\"\u00e9\n)", kEvents));
  Send(other, Operation("x", kEvents));
  PublishIncident(1);
  Settle();
  EXPECT_EQ(Text(One(one), "id"), "\"\u00e9\n");
  EXPECT_EQ(Text(One(other), "id"), "x");
}

TEST_F(GraphqlSessionTest, CompressedMessagesOfAllIdsShareOneCompressedTail) {
  context.compression = std::make_unique<ws::Compression>();
  const std::string query =
      "subscription { incidentUpdates { updateType incidentId incident { id title description "
      "source severity state labels metadata affectedResources relatedIncidents } } }";
  const char* const ids[] = {"aaaa", "bbbb", "c"};
  for (const char* id : ids) Send(Join(/*deflate=*/true), Operation(id, query));
  PublishIncidentsUpTo(4);
  Settle();
  EXPECT_EQ(graphql().deflated->tails.made(), 4u);
  EXPECT_EQ(graphql().plain.tails.made(), 0u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(clients[i]->compressed, 4u);
    const std::vector<json::object> got = Got(*clients[i]);
    ASSERT_THAT(got, SizeIs(4));
    for (const json::object& each : got) EXPECT_EQ(Text(each, "id"), ids[i]);
    EXPECT_EQ(CursorOf(got[3]), At(4));
  }
}

// ---- resuming ----

TEST_F(GraphqlSessionTest, ASubscriptionGoesOnExactlyAfterTheCursorThatItResumesFrom) {
  PublishIncidentsUpTo(10);
  Client& client = Join();
  Send(client, Operation("a", kEvents, ResumeFrom(4)));
  PublishIncident(11);
  Settle();
  EXPECT_EQ(Told(Got(client), "a"), Range(5, 11));
}

TEST_F(GraphqlSessionTest, WithTheAcknowledgementsCursorNothingIsMissedBeforeTheSubscription) {
  PublishIncidentsUpTo(3);
  Client& client = Connect();
  Send(client, kInit);
  const std::string cursor = Text(One(client).at("payload").as_object(), "cursor");
  PublishIncident(4);
  Settle();
  Send(client,
       Operation("a", kEvents, absl::StrCat(R"("extensions":{"resumeFrom":")", cursor, "\"}")));
  PublishIncident(5);
  Settle();
  EXPECT_EQ(Told(Got(client), "a"), Range(4, 5));
}

TEST_F(GraphqlSessionTest, AGapIsToldAtOnceAndTheSubscriptionGoesOnAfterIt) {
  PublishIncidentsUpTo(1100);  // the window holds 1,000
  log.Expire(50);
  Client& client = Join();
  Send(client, Operation("a", kEvents, ResumeFrom(10)));
  std::vector<json::object> got = Got(client);
  ASSERT_THAT(got, SizeIs(1051));
  EXPECT_EQ(json::serialize(got[0]),
            absl::StrCat(R"({"id":"a","type":"next","payload":{"data":null,"extensions":{"gap":)",
                         R"({"reason":"expired","from":")", At(10), R"(","to":")", At(50),
                         R"("},"cursor":")", At(50), R"("}}})"));
  got.erase(got.begin());
  EXPECT_EQ(Told(got, "a"), Range(51, 1100));
}

TEST_F(GraphqlSessionTest, ADamagedEventIsAGapAndTheNextOnesFollow) {
  Client& client = Join();
  Send(client, Operation("a", kEvents));
  auto damaged = std::make_shared<EventRecord>(*MakeWireRecord(SampleEvent(1)));
  damaged->payload.resize(damaged->payload.size() / 2);
  log.Append(damaged);
  PublishIncident(2);
  Settle();
  std::vector<json::object> got = Got(client);
  ASSERT_THAT(got, SizeIs(2));
  const json::object& extensions = got[0].at("payload").at("extensions").as_object();
  EXPECT_EQ(Text(extensions.at("gap").as_object(), "reason"), "damaged");
  EXPECT_EQ(CursorOf(got[0]), At(1));
  EXPECT_EQ(CursorOf(got[1]), At(2));
}

TEST_F(GraphqlSessionTest, ACursorPastTheEndIsRefusedWithTheExtensionsNameAndTheSessionLives) {
  PublishIncidentsUpTo(3);
  Client& client = Join();
  Send(client, Operation("a", kEvents, ResumeFrom(99)));
  const json::object error = ErrorOf(One(client), "a");
  EXPECT_EQ(CodeOf(error), "BAD_USER_INPUT");
  EXPECT_EQ(Text(error.at("extensions").as_object(), "field"), "extensions.resumeFrom");
  EXPECT_EQ(Text(error.at("extensions").as_object(), "reason"), "CURSOR_EXPIRED");
  EXPECT_EQ(client.output.close_code, 0);
  Send(client, Operation("a", kEvents, ResumeFrom(2)));  // the id is free again
  EXPECT_THAT(Told(Got(client), "a"), ElementsAre(3));
}

TEST_F(GraphqlSessionTest, TheArgumentOfEventsIsNamedWhereItIsTheCursor) {
  PublishIncidentsUpTo(3);
  Client& client = Join();
  Send(client, Operation("a", absl::StrCat("subscription { events(resumeFrom: \"", At(99),
                                           "\") { sequence } }")));
  const json::object error = ErrorOf(One(client), "a");
  EXPECT_EQ(Text(error.at("extensions").as_object(), "field"), "resumeFrom");
}

// ---- heartbeats ----

TEST_F(GraphqlSessionTest, IdleOperationsAreToldWhereTheyMayResumeFrom) {
  Client& client = Join();
  Send(client, Operation("u", kUpdates));
  Send(client, Operation("n", "subscription { newIncidents(severities: [P0]) { id } }"));
  Pass(absl::Seconds(1));
  PublishIncidentsUpTo(7);
  Settle();
  EXPECT_THAT(Got(client), SizeIs(7));
  Pass(absl::Seconds(30));  // `u` was told something in this interval
  std::vector<json::object> got = Got(client);
  ASSERT_THAT(Types(got), ElementsAre("ping"));
  EXPECT_EQ(json::serialize(got[0].at("payload")), absl::StrCat(R"({"cursor":")", At(7), "\"}"));
  client.session().OnPong();
  Pass(absl::Seconds(30));
  got = Got(client);
  ASSERT_THAT(Types(got), ElementsAre("next", "ping"));
  EXPECT_EQ(Text(got[0], "id"), "u");
  EXPECT_EQ(json::serialize(got[0].at("payload").at("data")),
            R"({"incidentUpdates":{"updateType":"HEARTBEAT","incidentId":null}})");
  EXPECT_EQ(CursorOf(got[0]), At(7));
  EXPECT_EQ(client.pings, 2u);  // of the WebSocket, beside
}

TEST_F(GraphqlSessionTest, AnOperationThatWasToldAnEventHearsNoHeartbeatInThatInterval) {
  Client& client = Join();
  Send(client, Operation("a", kEvents));
  Pass(absl::Seconds(1));
  PublishIncident(1);
  Settle();
  Pass(absl::Seconds(30));
  EXPECT_THAT(Types(Got(client)), ElementsAre("next"));
}

// The filter lets nothing through for so long that where it began falls out of what is kept.
TEST_F(GraphqlSessionTest, ANarrowFilterResumesFromTheCursorOfAPingWithoutAGap) {
  Client& client = Join();
  const std::string narrow = "subscription { events(filter: {severities: [P0]}) { sequence } }";
  Send(client, Operation("a", narrow));
  PublishIncidentsUpTo(2'000);
  Settle();
  Pass(absl::Seconds(31));
  const std::string cursor = Text(One(client).at("payload").as_object(), "cursor");
  log.Expire(1'500);
  client.session().OnPeerClose();
  PublishIncident(2'001, v1::SEVERITY_P0);
  Settle();
  Client& again = Join();
  Send(again,
       Operation("a", narrow, absl::StrCat(R"("extensions":{"resumeFrom":")", cursor, "\"}")));
  EXPECT_THAT(Told(Got(again), "a"), ElementsAre(2'001));
}

TEST_F(GraphqlSessionTest, WithoutOperationsNoHeartbeatIsSentBesideThePing) {
  Client& client = Join();
  Pass(absl::Seconds(31));
  client.session().OnPong();
  Pass(absl::Seconds(31));
  EXPECT_THAT(Got(client), IsEmpty());
  EXPECT_EQ(client.pings, 2u);
}

// ---- completing ----

TEST_F(GraphqlSessionTest, ACompletedOperationIsToldNothingMoreAndItsIdIsFree) {
  Client& client = Join();
  Send(client, Operation("a", kEvents));
  Send(client, CompleteOf("a"));
  PublishIncident(1);
  Settle();
  EXPECT_THAT(Got(client), IsEmpty());
  Send(client, CompleteOf("a"));  // messages may cross: no error
  Send(client, CompleteOf("never there"));
  Send(client, Operation("a", kEvents));
  PublishIncident(2);
  Settle();
  EXPECT_THAT(Told(Got(client), "a"), ElementsAre(2));
  EXPECT_EQ(client.output.close_code, 0);
}

// G5. The client completes and subscribes with the same id again in the midst of a replay: what the
// engine still holds for the first operation is not told as the second's.
TEST_F(GraphqlSessionTest, AnIdThatIsUsedAgainWithinAReplayIsNeverAMix) {
  PublishIncidentsUpTo(10'000);
  Client& client = Join();
  client.reads = false;
  client.session().OnSignOfLife();
  client.session().OnText(Operation("1", kEvents, ResumeFrom(0)));
  Settle();
  const std::string before = std::exchange(client.output.bytes, "");
  client.session().OnText(CompleteOf("1"));
  client.session().OnText(Operation("1", kEvents, ResumeFrom(5'000)));
  client.reads = true;
  Settle();
  client.output.bytes.insert(0, "");
  EXPECT_EQ(Told(Got(client), "1"), Range(5'001, 10'000));
  EXPECT_FALSE(before.empty()) << "the first was not under way";
}

// ---- snapshots ----

constexpr std::string_view kSnapshot =
    "subscription { incidentUpdates(snapshot: true) { updateType incident { title } } }";

class GraphqlSnapshotTest : public GraphqlSessionTest {
 protected:
  // A message with incidents of these titles, written by the form that the session gave.
  void GiveIncidents(Sequence place, const std::vector<std::string>& titles, bool first,
                     bool last) {
    const SnapshotForm& form = *snapshots.opened.back()->form;
    SnapshotMessage message;
    message.place = {kEpoch, place};
    message.first = first;
    message.last = last;
    form.Begin(message.text, message.place);
    for (const std::string& title : titles) {
      v1::Incident incident;
      incident.set_title(title);
      ASSERT_TRUE(form.Add(message.text, incident.SerializeAsString(), first).ok());
    }
    form.End(message.text, message.place, first, last);
    snapshots.Give(std::move(message));
    Settle();
  }
  static std::string Update(const json::object& next) {
    const json::object& update = next.at("payload").at("data").at("incidentUpdates").as_object();
    const json::value& incident = update.at("incident");
    return absl::StrCat(Text(update, "updateType"), " ",
                        incident.is_null() ? "" : Text(incident.as_object(), "title"));
  }
  static std::string ExtensionsOf(const json::object& next) {
    const json::value* found = next.at("payload").as_object().if_contains("extensions");
    return found == nullptr ? "" : json::serialize(*found);
  }
};

TEST_F(GraphqlSnapshotTest, TheIncidentsComeFirstAndOnlyTheEndHasACursor) {
  PublishIncidentsUpTo(5);
  Client& client = Join();
  Send(client, Operation("a", kSnapshot));
  ASSERT_THAT(snapshots.opened, SizeIs(1));
  GiveIncidents(5, {"one", "two"}, /*first=*/true, /*last=*/false);
  PublishIncident(6);
  Settle();
  GiveIncidents(5, {"three"}, /*first=*/false, /*last=*/true);
  const std::vector<json::object> got = Got(client);
  ASSERT_THAT(got, SizeIs(5));
  EXPECT_EQ(Update(got[0]), "SNAPSHOT one");
  EXPECT_EQ(ExtensionsOf(got[0]), R"({"snapshot":{"first":true}})");
  EXPECT_EQ(Update(got[1]), "SNAPSHOT two");
  EXPECT_EQ(ExtensionsOf(got[1]), "");
  EXPECT_EQ(Update(got[2]), "SNAPSHOT three");
  EXPECT_EQ(Update(got[3]), "SNAPSHOT_END ");
  EXPECT_EQ(CursorOf(got[3]), At(5));
  EXPECT_EQ(Update(got[4]), "CREATED down");
  EXPECT_EQ(CursorOf(got[4]), At(6));
}

TEST_F(GraphqlSnapshotTest, AnEmptySnapshotIsItsEnd) {
  PublishIncidentsUpTo(2);
  Client& client = Join();
  Send(client, Operation("a", kSnapshot));
  GiveIncidents(2, {}, /*first=*/true, /*last=*/true);
  const json::object end = One(client);
  EXPECT_EQ(Update(end), "SNAPSHOT_END ");
  EXPECT_EQ(ExtensionsOf(end),
            absl::StrCat(R"({"snapshot":{"first":true},"cursor":")", At(2), "\"}"));
}

TEST_F(GraphqlSnapshotTest, WhatLeavesTheSetIsToldAfterASnapshotAndAfterAResume) {
  PublishIncidentsUpTo(1);
  const std::string query =
      "subscription { incidentUpdates(snapshot: true, severities: [P0]) { updateType incident { "
      "title } } }";
  Client& client = Join();
  Send(client, Operation("a", query));
  GiveIncidents(1, {}, true, true);
  Got(client);
  PublishChange(2, v1::SEVERITY_P0, v1::SEVERITY_P3);
  Settle();
  EXPECT_EQ(Update(One(client)), "LEFT down");
  Client& resumed = Join();
  Send(resumed, Operation("a", query, ResumeFrom(1)));
  const json::object left = One(resumed);
  EXPECT_EQ(Update(left), "LEFT down");
  EXPECT_EQ(CursorOf(left), At(2));
  EXPECT_THAT(snapshots.opened, SizeIs(1)) << "a resume has no snapshot";
}

TEST_F(GraphqlSnapshotTest, ASnapshotThatIsCompletedIsBrokenOffAndItsIdIsFree) {
  PublishIncidentsUpTo(2);
  Client& client = Join();
  Send(client, Operation("a", kSnapshot));
  GiveIncidents(2, {"one"}, true, false);
  Send(client, CompleteOf("a"));
  EXPECT_FALSE(snapshots.opened.back()->alive);
  Got(client);
  Send(client, Operation("a", kEvents, ResumeFrom(1)));
  EXPECT_THAT(Told(Got(client), "a"), ElementsAre(2));
}

TEST_F(GraphqlSnapshotTest, NoHeartbeatTellsACursorWhileASnapshotIsBeingSent) {
  PublishIncidentsUpTo(2);
  Client& client = Join();
  Send(client, Operation("a", kSnapshot));
  Pass(absl::Seconds(31));
  EXPECT_THAT(Got(client), IsEmpty());
  GiveIncidents(2, {}, true, true);
  Got(client);
  client.session().OnPong();
  Pass(absl::Seconds(31));
  client.session().OnPong();
  Pass(absl::Seconds(31));
  const std::vector<json::object> got = Got(client);
  ASSERT_FALSE(got.empty());
  EXPECT_EQ(Update(got.back()), "HEARTBEAT ");
}

TEST_F(GraphqlSnapshotTest, ASnapshotThatFailsEndsItsOperation) {
  Client& client = Join();
  Send(client, Operation("a", kSnapshot));
  snapshots.Fail(MakeError(ErrorCode::kServiceUnavailable, "no"));
  Settle();
  EXPECT_EQ(CodeOf(ErrorOf(One(client), "a")), "SERVICE_UNAVAILABLE");
  Send(client, Operation("a", kSnapshot));
  EXPECT_THAT(snapshots.opened, SizeIs(2));
}

// ---- queries and mutations ----

TEST_F(GraphqlSessionTest, AResultIsOneNextAndThenTheEnd) {
  Client& client = Join();
  Send(client, Operation("q", "{ health { status } }"));
  ASSERT_THAT(executed, SizeIs(1));
  EXPECT_EQ(executed[0].request->type(), graphql::OperationType::kQuery);
  executed[0].done(R"({"data":{"health":{"status":"ok"}}})");
  Settle();
  const std::vector<json::object> got = Got(client);
  ASSERT_THAT(got, SizeIs(2));
  EXPECT_EQ(json::serialize(got[0]),
            R"({"id":"q","type":"next","payload":{"data":{"health":{"status":"ok"}}}})");
  EXPECT_EQ(json::serialize(got[1]), R"({"id":"q","type":"complete"})");
  Send(client, Operation("q", "{ health { status } }"));
  EXPECT_THAT(executed, SizeIs(2));
}

TEST_F(GraphqlSessionTest, TheResultOfACompletedRequestAndOfASessionThatHasGoneIsDropped) {
  Client& client = Join();
  Send(client, Operation("q", "{ health { status } }"));
  Send(client, CompleteOf("q"));
  Send(client, Operation("q", "{ health { hub } }"));
  executed[0].done("{\"data\":1}");
  Settle();
  EXPECT_THAT(Got(client), IsEmpty());
  executed[1].done("{\"data\":2}");
  Settle();
  EXPECT_THAT(Types(Got(client)), ElementsAre("next", "complete"));
  Send(client, Operation("q", "{ health { hub } }"));
  client.session().OnPeerClose();
  clients.clear();
  executed[2].done("{\"data\":3}");
  Settle();
}

TEST_F(GraphqlSessionTest, PastTheBoundOfRequestsUnderWayTheNextIsRefused) {
  Client& client = Join();
  const size_t most = graphql_ws::RequestsUnderWay::kMaxRequests;
  for (size_t i = 0; i < most; ++i) {
    Send(client, Operation(absl::StrCat(i), "{ health { status } }"));
  }
  EXPECT_THAT(Got(client), IsEmpty());
  Send(client, Operation("more", "{ health { status } }"));
  EXPECT_EQ(CodeOf(ErrorOf(One(client), "more")), "RATE_LIMIT_EXCEEDED");
  EXPECT_THAT(executed, SizeIs(most));
}

// ---- explained ----

TEST_F(GraphqlSessionTest, ASessionIsExplainedWithItsOperations) {
  Client& client = Join();
  Send(client, Operation(R"(the \"first\")", kEvents));
  PublishIncident(1);
  Settle();
  const v1::SessionExplanation told = client.session().Explain();
  EXPECT_EQ(told.transport(), "graphql");
  EXPECT_EQ(told.session_id(), client.session().session_id());
  ASSERT_EQ(told.subscriptions_size(), 1);
  EXPECT_EQ(told.subscriptions(0).subscription_id(), "the \"first\"");
  EXPECT_EQ(shard.sessions().Find(told.session_id()), &client.session());
}

}  // namespace
}  // namespace tocsin::bridge::testing
