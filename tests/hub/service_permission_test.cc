// What a permission's filter hides does not exist: for every query, stream and explanation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth_fixture.h"
#include "core/event/cursor.h"

namespace tocsin::hub {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Stub = v1::EventHub::Stub;

constexpr uint64_t kSeen = 1;
constexpr uint64_t kHidden = 2;

v1::Event Escalation(uint64_t incident, v1::Severity to) {
  v1::Event event;
  event.set_type(v1::EVENT_TYPE_ESCALATED);
  event.mutable_escalated()->set_incident_id(TestUuid(incident));
  event.mutable_escalated()->set_to_severity(to);
  return event;
}

struct HubPermission : ::testing::Test {
  // A P0 that ann may see, and a P3 that she may not, which are written to in turn.
  HubPermission() {
    hub.Publish(IncidentCreated(TestUuid(kSeen), v1::SEVERITY_P0));
    hub.Publish(IncidentCreated(TestUuid(kHidden), v1::SEVERITY_P3));
    hub.Publish(CommentOn(TestUuid(kHidden), "secret"));
    hub.Publish(CommentOn(TestUuid(kSeen), "seen"));
  }

  grpc::Status Get(uint64_t incident, const std::string& token, v1::GetIncidentResponse& response,
                   const v1::Filter* require = nullptr) {
    v1::GetIncidentRequest request;
    request.set_incident_id(TestUuid(incident));
    if (require != nullptr) *request.add_require() = *require;
    return hub.Call(&Stub::GetIncident, request, response, token);
  }

  std::vector<uint64_t> List(v1::ListEventsRequest request, const std::string& token,
                             std::string* next = nullptr) {
    v1::ListEventsResponse response;
    const grpc::Status status = hub.Call(&Stub::ListEvents, request, response, token);
    EXPECT_TRUE(status.ok()) << status.error_message();
    if (next != nullptr) *next = response.next_page_token();
    std::vector<uint64_t> sequences;
    for (const v1::Event& event : response.events()) sequences.push_back(event.sequence());
    return sequences;
  }

  v1::ExplainResponse Explain(const v1::ExplainRequest& request, const std::string& token,
                              grpc::Status* status = nullptr) {
    v1::ExplainResponse response;
    const grpc::Status got = hub.Call(&Stub::Explain, request, response, token);
    if (status != nullptr) {
      *status = got;
    } else {
      EXPECT_TRUE(got.ok()) << got.error_message();
    }
    return response;
  }

  AuthHub hub;
  const std::string all = hub.Token(kAll);
  const std::string narrow = hub.Token(kOnlyP0);
};

TEST_F(HubPermission, AHiddenIncidentIsAsUnknownAsOneThatNeverWas) {
  v1::GetIncidentResponse response;
  EXPECT_TRUE(Get(kSeen, narrow, response).ok());
  EXPECT_TRUE(Get(kHidden, all, response).ok());
  const grpc::Status hidden = Get(kHidden, narrow, response);
  grpc::Status unknown = Get(99, narrow, response);
  EXPECT_EQ(hidden.error_code(), grpc::StatusCode::NOT_FOUND);
  std::string text = unknown.error_message();
  text.replace(text.find(TestUuid(99)), TestUuid(99).size(), TestUuid(kHidden));
  EXPECT_EQ(hidden.error_message(), text);
}

TEST_F(HubPermission, ListsAndTheirTotalsAreOfWhatMayBeSeen) {
  v1::ListIncidentsResponse response;
  ASSERT_TRUE(hub.Call(&Stub::ListIncidents, {}, response, all).ok());
  EXPECT_EQ(response.total(), 2u);
  ASSERT_TRUE(hub.Call(&Stub::ListIncidents, {}, response, narrow).ok());
  EXPECT_EQ(response.total(), 1u);
  ASSERT_EQ(response.incidents_size(), 1);
  EXPECT_EQ(response.incidents(0).id(), TestUuid(kSeen));
  // Asking for what is hidden gives nothing.
  v1::ListIncidentsRequest request;
  request.mutable_filter()->add_severities(v1::SEVERITY_P3);
  ASSERT_TRUE(hub.Call(&Stub::ListIncidents, request, response, narrow).ok());
  EXPECT_EQ(response.total(), 0u);
  EXPECT_THAT(List({}, all), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(List({}, narrow), ElementsAre(1, 4));
  // By the incident's own events, too.
  v1::ListEventsRequest named;
  named.mutable_filter()->add_incident_ids(TestUuid(kHidden));
  EXPECT_THAT(List(named, narrow), IsEmpty());
}

TEST_F(HubPermission, APageTokenIsOfThePermissionThatItWasGivenUnder) {
  v1::ListEventsRequest events;
  events.set_limit(1);
  std::string next;
  List(events, all, &next);
  ASSERT_NE(next, "");
  events.set_page_token(next);
  v1::ListEventsResponse response;
  const grpc::Status refused = hub.Call(&Stub::ListEvents, events, response, narrow);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(DetailsOf(refused).field(), "page_token");
  v1::ListIncidentsRequest incidents;
  incidents.set_page_size(1);
  v1::ListIncidentsResponse page;
  ASSERT_TRUE(hub.Call(&Stub::ListIncidents, incidents, page, all).ok());
  incidents.set_page_token(page.next_page_token());
  EXPECT_EQ(hub.Call(&Stub::ListIncidents, incidents, page, narrow).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(HubPermission, StreamsAreNarrowedBehindAndLive) {
  v1::SubscribeRequest request;
  request.set_from("earliest");
  const auto stream = hub.Subscribe(request, narrow);
  EXPECT_THAT(stream->ReadSequences(2), ElementsAre(1, 4));
  hub.Publish(CommentOn(TestUuid(kHidden), "secret again"));
  hub.Publish(CommentOn(TestUuid(kSeen), "seen again"));
  EXPECT_THAT(stream->ReadSequences(1), ElementsAre(6));
}

TEST_F(HubPermission, SnapshotsAndLeavesTellNothingMore) {
  v1::SubscribeRequest request;
  request.set_snapshot(true);
  const auto stream = hub.Subscribe(request, narrow);
  v1::SubscribeResponse response;
  std::vector<std::string> snapshot;
  while (!response.caught_up() && stream->Read(response)) {
    for (const auto& incident : response.snapshot().incidents()) snapshot.push_back(incident.id());
  }
  EXPECT_THAT(snapshot, ElementsAre(TestUuid(kSeen)));
  hub.Publish(Escalation(kHidden, v1::SEVERITY_P4));  // was not in her set, and leaves nothing
  hub.Publish(Escalation(kSeen, v1::SEVERITY_P2));    // leaves what she may see
  while (response.leaves_size() == 0 && stream->Read(response)) {
    EXPECT_EQ(response.events_size(), 0);
  }
  ASSERT_EQ(response.leaves_size(), 1);
  EXPECT_EQ(response.leaves(0).incident_id(), TestUuid(kSeen));
  EXPECT_FALSE(response.leaves(0).has_incident()) << "it may not be seen any more";
  EXPECT_EQ(response.leaves(0).sequence(), 6u);
}

// Where only what was asked for does not let it pass any more, it is told as it stands.
TEST_F(HubPermission, ALeaveOfWhatMayStillBeSeenIsWhole) {
  v1::SubscribeRequest request;
  request.set_leaves(true);
  request.mutable_filter()->add_states(v1::INCIDENT_STATE_DETECTED);
  const auto stream = hub.Subscribe(request, narrow);
  stream->AwaitCaughtUp();
  v1::Event event;
  event.set_type(v1::EVENT_TYPE_INCIDENT_RESOLVED);
  event.mutable_incident()->set_id(TestUuid(kSeen));
  hub.Publish(event);
  v1::SubscribeResponse response;
  while (response.leaves_size() == 0 && stream->Read(response)) {
  }
  ASSERT_EQ(response.leaves_size(), 1);
  EXPECT_EQ(response.leaves(0).incident().state(), v1::INCIDENT_STATE_RESOLVED);
}

TEST_F(HubPermission, LeavingEventsThatMayNotBeSeenComeAsLeaves) {
  v1::SubscribeRequest request;
  request.set_leaves(true);
  request.set_leaving_events(true);
  const auto stream = hub.Subscribe(request, narrow);
  stream->AwaitCaughtUp();
  hub.Publish(Escalation(kSeen, v1::SEVERITY_P2));
  v1::SubscribeResponse response;
  while (response.leaves_size() == 0 && stream->Read(response)) {
    EXPECT_EQ(response.events_size(), 0);
  }
  ASSERT_EQ(response.leaves_size(), 1);
  EXPECT_FALSE(response.leaves(0).has_incident());
}

// ---- event types ----

TEST_F(HubPermission, EventTypesChooseOfAnIncidentsHistory) {
  const std::string token = hub.Token(R"({"subscribe":{"event_types":["incident_created"]}})");
  v1::GetIncidentResponse response;
  ASSERT_TRUE(Get(kSeen, all, response).ok());
  EXPECT_EQ(response.incident().notes_size(), 1);
  EXPECT_EQ(response.incident().timeline_size(), 2);
  ASSERT_TRUE(Get(kSeen, token, response).ok());
  EXPECT_EQ(response.incident().notes_size(), 0);
  ASSERT_EQ(response.incident().timeline_size(), 1);
  EXPECT_EQ(response.incident().timeline(0).event_type(), "incident_created");
  // A bridge asks with the permission's filter as `require`.
  v1::Filter require;
  require.add_event_types(v1::EVENT_TYPE_COMMENT_ADDED);
  ASSERT_TRUE(Get(kSeen, all, response, &require).ok());
  EXPECT_EQ(response.incident().notes_size(), 1);
  EXPECT_EQ(response.incident().timeline_size(), 1);
  v1::ListIncidentsRequest list;
  list.set_with_history(true);
  *list.add_require() = require;
  v1::ListIncidentsResponse page;
  ASSERT_TRUE(hub.Call(&Stub::ListIncidents, list, page, token).ok());
  EXPECT_EQ(page.total(), 2u);
  EXPECT_EQ(page.incidents(0).notes_size() + page.incidents(0).timeline_size(), 0);
  EXPECT_THAT(List({}, token), ElementsAre(1, 2));
}

TEST_F(HubPermission, AnIncidentsAlertsAreForThoseWhoSeeAlerts) {
  v1::SubmitAlertRequest request;
  request.mutable_alert()->set_title("disk full");
  request.mutable_alert()->set_source("test");
  request.mutable_alert()->set_severity(v1::SEVERITY_P0);
  v1::SubmitAlertResponse opened;
  ASSERT_TRUE(hub.Call(&Stub::SubmitAlert, request, opened, all).ok());
  v1::GetIncidentRequest get;
  get.set_incident_id(opened.incident_id());
  v1::GetIncidentResponse response;
  ASSERT_TRUE(hub.Call(&Stub::GetIncident, get, response, all).ok());
  EXPECT_EQ(response.incident().alerts_size(), 1);
  const auto types = [&](const char* type) {
    return hub.Token(absl::StrCat(R"({"subscribe":{"event_types":[")", type, R"("]}})"));
  };
  ASSERT_TRUE(hub.Call(&Stub::GetIncident, get, response, types("alert_received")).ok());
  EXPECT_EQ(response.incident().alerts_size(), 1);
  ASSERT_TRUE(hub.Call(&Stub::GetIncident, get, response, types("comment_added")).ok());
  EXPECT_EQ(response.incident().alerts_size(), 0);
}

// ---- explanations ----

TEST_F(HubPermission, AnExplanationSaysThatThePermissionStopsAnEventAndNotWhy) {
  v1::ExplainRequest request;
  request.mutable_filter()->add_sources("test");
  *request.mutable_event() = IncidentCreated("", v1::SEVERITY_P3);
  const v1::ExplainResponse stopped = Explain(request, narrow);
  EXPECT_EQ(stopped.matching(), 0u);
  ASSERT_EQ(stopped.explanations_size(), 1);
  const v1::Explanation& explanation = stopped.explanations(0);
  EXPECT_FALSE(explanation.matches());
  ASSERT_EQ(explanation.fields_size(), 2);
  EXPECT_TRUE(explanation.fields(0).matches());
  EXPECT_EQ(explanation.fields(1).field(), "permission");
  EXPECT_THAT(stopped.ShortDebugString(), Not(HasSubstr("P0")));
  *request.mutable_event() = IncidentCreated("", v1::SEVERITY_P0);
  EXPECT_EQ(Explain(request, narrow).matching(), 1u);
}

// An event by the incident's id alone is completed from what is known of it: not for her.
TEST_F(HubPermission, AnExplanationKnowsNoHiddenIncident) {
  v1::ExplainRequest request;
  *request.mutable_event() = CommentOn(TestUuid(kHidden), "hm");
  grpc::Status hidden;
  Explain(request, narrow, &hidden);
  EXPECT_EQ(hidden.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Explain(request, all).matching(), 1u);
  *request.mutable_event() = CommentOn(TestUuid(99), "hm");
  grpc::Status unknown;
  Explain(request, narrow, &unknown);
  std::string text = unknown.error_message();
  text.replace(text.find(TestUuid(99)), TestUuid(99).size(), TestUuid(kHidden));
  EXPECT_EQ(hidden.error_message(), text);
  *request.mutable_event() = CommentOn(TestUuid(kSeen), "hm");
  EXPECT_EQ(Explain(request, narrow).matching(), 1u);
}

TEST_F(HubPermission, TheLastEventsAreThoseThatMayBeSeen) {
  v1::ExplainRequest request;
  request.set_last(2);
  EXPECT_EQ(Explain(request, all).looked_at(), 2u);
  const v1::ExplainResponse seen = Explain(request, narrow);
  EXPECT_EQ(seen.looked_at(), 2u);
  ASSERT_EQ(seen.explanations_size(), 2);
  EXPECT_EQ(ParseCursor(seen.explanations(0).cursor())->sequence, 4u);
  EXPECT_EQ(ParseCursor(seen.explanations(1).cursor())->sequence, 1u);
  request.set_last(1000);
  EXPECT_EQ(Explain(request, narrow).looked_at(), 2u);
  AuthHub empty;
  v1::ExplainResponse nothing;
  ASSERT_TRUE(empty.Call(&Stub::Explain, request, nothing, empty.Token(kOnlyP0)).ok());
  EXPECT_EQ(nothing.looked_at(), 0u);
}

TEST_F(HubPermission, AStreamIsExplainedToItsSubjectAndToAdministrators) {
  v1::SubscribeRequest subscribe;
  subscribe.mutable_filter()->add_sources("test");
  const auto stream = hub.Subscribe(subscribe, narrow);
  stream->AwaitCaughtUp();
  v1::ExplainRequest request;
  request.set_session_id(stream->SessionId());
  const v1::SessionExplanation own = Explain(request, hub.Token(kAll)).session();
  EXPECT_EQ(own.session_id(), stream->SessionId());
  // What she asked for, without her permission's part.
  EXPECT_EQ(own.subscriptions(0).filter().ShortDebugString(), "sources: \"test\"");
  EXPECT_EQ(own.subscriptions(0).require_size(), 0);
  const std::string bob = hub.Token(kAll, absl::Minutes(5), "bob");
  grpc::Status status;
  Explain(request, bob, &status);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  const std::string root = hub.Token(R"({"admin":true})", absl::Minutes(5), "root");
  EXPECT_EQ(Explain(request, root).session().session_id(), stream->SessionId());
  request.clear_session_id();
  request.set_last(1);
  Explain(request, root, &status);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

}  // namespace
}  // namespace tocsin::hub
