// What a permission hides from REST and GraphQL does not exist: incidents, pages, events,
// explanations, changes.
#include "absl/strings/match.h"
#include "core/stream/live_session.h"
#include "tests/bridge/access_fixture.h"

namespace tocsin::bridge {
namespace {

using testing::Refusal;

constexpr char kSeen[] = "0190b6a5-7c1e-7000-8000-000000000001";
constexpr char kHidden[] = "0190b6a5-7c1e-7000-8000-000000000002";
constexpr char kNarrow[] = R"({"publish":true,"subscribe":{"severities":["P0"]}})";
constexpr char kBlind[] = R"({"publish":true})";
constexpr char kAll[] = R"({"publish":true,"subscribe":true})";

std::string PathOf(std::string_view id, std::string_view rest = "") {
  return absl::StrCat("/v1/incidents/", std::string(id), std::string(rest));
}

class NarrowedAccessTest : public testing::AccessTest {
 protected:
  NarrowedAccessTest() {
    hub.get.answer = [this](const v1::GetIncidentRequest& request,
                            v1::GetIncidentResponse& response) {
      const bool seen = request.incident_id() == kSeen && !now_hidden;
      if (!seen && (request.require_size() > 0 || request.incident_id() != kHidden)) {
        return Refusal(grpc::StatusCode::NOT_FOUND, "NOT_FOUND", "incident_id",
                       "incident_id: no such incident");
      }
      v1::Incident& incident = *response.mutable_incident();
      incident.set_id(request.incident_id());
      incident.set_title("the content");
      incident.set_source("s");
      incident.set_severity(v1::SEVERITY_P0);
      incident.set_state(v1::INCIDENT_STATE_DETECTED);
      response.set_sequence(5);
      return grpc::Status::OK;
    };
    hub.publish.answer = [this](const v1::PublishRequest& request, v1::PublishResponse& response) {
      now_hidden = hides_by_change;
      for (const v1::Event& event : request.events()) {
        v1::PublishResult& result = *response.add_results();
        result.set_id(event.id());
        result.set_sequence(6);
        result.set_cursor("abcdef-6");
        result.set_incident_id(event.incident().id());
      }
      return grpc::Status::OK;
    };
    hub.events.answer = [](const v1::ListEventsRequest& request, v1::ListEventsResponse& response) {
      v1::Event& event = *response.add_events();
      event.set_id(absl::StrCat("event", request.page_token()));
      event.set_type(v1::EVENT_TYPE_INCIDENT_CREATED);
      event.mutable_incident()->set_severity(v1::SEVERITY_P0);
      if (request.page_token().empty()) response.set_next_page_token("2");
      return grpc::Status::OK;
    };
  }

  template <class Requests>
  static void ExpectNarrowed(const Requests& requests) {
    ASSERT_FALSE(requests.empty());
    for (const auto& request : requests) {
      ASSERT_EQ(request.require_size(), 1);
      ASSERT_EQ(request.require(0).severities_size(), 1);
      EXPECT_EQ(request.require(0).severities(0), v1::SEVERITY_P0);
    }
  }
  std::string Graphql(std::string_view permission, std::string_view query) {
    return As(permission, "POST", "/graphql",
              absl::StrCat(R"({"query":")", std::string(query), "\"}"))
        .body;
  }

  bool hides_by_change = false;
  bool now_hidden = false;
};

TEST_F(NarrowedAccessTest, ReadsAskTheHubForNoMoreThanThePermissionLetsThrough) {
  EXPECT_EQ(As(kNarrow, "GET", PathOf(kSeen)).status, 200);
  EXPECT_EQ(As(kNarrow, "GET", PathOf(kHidden)).status, 404);
  EXPECT_EQ(As(kNarrow, "GET", PathOf(kHidden), "", {{"If-None-Match", "*"}}).status, 404);
  As(kNarrow, "GET", "/v1/incidents?severity=P1");
  As(kNarrow, "GET", PathOf(kSeen, "/events"));
  ExpectNarrowed(hub.get.requests);
  ExpectNarrowed(hub.list.requests);
  ExpectNarrowed(hub.events.requests);
  EXPECT_EQ(hub.list.requests[0].filter().severities(0), v1::SEVERITY_P1);
}

TEST_F(NarrowedAccessTest, AHiddenIncidentIsAnsweredAsOneThatIsNot) {
  const Answer hidden = As(kNarrow, "GET", PathOf(kHidden));
  const Answer unknown = As(kNarrow, "GET", PathOf("0190b6a5-7c1e-7000-8000-000000000003"));
  EXPECT_EQ(hidden.body, unknown.body);
  EXPECT_EQ(hidden.status, unknown.status);
}

TEST_F(NarrowedAccessTest, AnUnrestrictedReadAsksForAll) {
  EXPECT_EQ(As(kAll, "GET", PathOf(kHidden)).status, 200);
  EXPECT_EQ(hub.get.requests.at(0).require_size(), 0);
}

TEST_F(NarrowedAccessTest, AHiddenIncidentCannotBeChanged) {
  const Fields matches[] = {{}, {{"If-Match", "\"1\""}}, {{"If-Match", "\"5\""}}};
  for (const Fields& fields : matches) {
    for (const auto& [method, rest, body] :
         std::vector<std::tuple<const char*, const char*, const char*>>{
             {"POST", "/resolve", "{}"},
             {"POST", "/comments", R"({"comment":"x"})"},
             {"POST", "/assign", R"({"assignees":[]})"},
             {"POST", "/escalate", R"({"to_severity":"P0","reason":"r"})"},
             {"PATCH", "", R"({"title":"t"})"},
             {"PUT", "", R"({"title":"t","source":"s","severity":"P0"})"}}) {
      const Answer answer = As(kNarrow, method, PathOf(kHidden, rest), body, fields);
      EXPECT_EQ(answer.status, 404) << method << rest << answer.body;
      EXPECT_FALSE(absl::StrContains(answer.body, "content"));
      EXPECT_EQ(answer.Header("ETag"), "");
    }
  }
  EXPECT_TRUE(hub.publish.requests.empty());
}

TEST_F(NarrowedAccessTest, ASeenIncidentIsChangedOnlyAsItWasSeen) {
  const Answer answer = As(kNarrow, "POST", PathOf(kSeen, "/resolve"), "{}");
  EXPECT_EQ(answer.status, 200) << answer.body;
  ASSERT_EQ(hub.publish.requests.size(), 1u);
  EXPECT_EQ(hub.publish.requests[0].expected_incident_sequence(), 5u);
  EXPECT_EQ(As(kNarrow, "POST", PathOf(kSeen, "/resolve"), "{}", {{"If-Match", "\"4\""}}).status,
            412);
}

TEST_F(NarrowedAccessTest, AChangeThatHidesTheIncidentShowsNothingOfIt) {
  hides_by_change = true;
  const Answer answer = As(kNarrow, "PATCH", PathOf(kSeen), R"({"severity":"P1"})");
  EXPECT_EQ(answer.status, 202) << answer.body;
  EXPECT_TRUE(absl::StrContains(answer.Text("message"), "does not allow reading")) << answer.body;
  EXPECT_FALSE(absl::StrContains(answer.body, "content"));
}

TEST_F(NarrowedAccessTest, WhoMayOnlyPublishChangesIncidentsUnseen) {
  const Answer resolved = As(kBlind, "POST", PathOf(kHidden, "/resolve"), "{}");
  EXPECT_EQ(resolved.status, 202) << resolved.body;
  EXPECT_EQ(resolved.Text("incident_id"), kHidden);
  EXPECT_EQ(resolved.Header("ETag"), "");
  const Answer created =
      As(kBlind, "POST", "/v1/incidents", R"({"title":"t","source":"s","severity":"P0"})");
  EXPECT_EQ(created.status, 202) << created.body;
  EXPECT_EQ(hub.publish.requests.size(), 2u);
  for (const char* method : {"PATCH", "PUT"}) {
    EXPECT_EQ(
        As(kBlind, method, PathOf(kSeen), R"({"title":"t","source":"s","severity":"P0"})").status,
        403)
        << method;
  }
  EXPECT_EQ(As(kBlind, "POST", PathOf(kSeen, "/resolve"), "{}", {{"If-Match", "\"5\""}}).status,
            403);
  EXPECT_TRUE(hub.get.requests.empty());
  EXPECT_EQ(hub.publish.requests.size(), 2u);
}

TEST_F(NarrowedAccessTest, AChangeNeedsTheRightToWhatItComesTo) {
  constexpr char kUpdates[] = R"({"publish":["incident_updated"],"subscribe":true})";
  EXPECT_EQ(As(kUpdates, "PATCH", PathOf(kSeen), R"({"title":"new"})").status, 200);
  EXPECT_EQ(As(kUpdates, "PATCH", PathOf(kSeen), R"({"state":"Resolved"})").status, 403);
  EXPECT_EQ(As(kUpdates, "PATCH", PathOf(kSeen), R"({"state":"Closed"})").status, 403);
  EXPECT_EQ(hub.publish.requests.size(), 1u);
}

TEST_F(NarrowedAccessTest, EachEventOfAPublishNeedsItsRight) {
  constexpr char kComments[] = R"({"publish":["comment_added"]})";
  const std::string comment = absl::StrCat(R"({"type":"comment_added","incident_id":")", kSeen,
                                           R"(","author":"a","comment":"c"})");
  EXPECT_EQ(As(kComments, "POST", "/v1/events", comment).status, 202);
  const std::string both =
      absl::StrCat("[", comment, R"(,{"type":"system_event","category":"c","message":"m"}])");
  const Answer refused = As(kComments, "POST", "/v1/events", both);
  EXPECT_EQ(refused.status, 403) << refused.body;
  EXPECT_EQ(refused.Text("code"), "FORBIDDEN");
  EXPECT_EQ(hub.publish.requests.size(), 1u);
}

// ---- explain ----

TEST_F(NarrowedAccessTest, TheLastEventsAreTheLastThatMayBeSeen) {
  const Answer answer =
      As(kNarrow, "POST", "/v1/explain", R"({"filter":{"severities":["P1"]},"last":2})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_TRUE(hub.explain.requests.empty());
  ExpectNarrowed(hub.events.requests);
  EXPECT_EQ(hub.events.requests.size(), 2u) << "a page at a time";
  EXPECT_TRUE(hub.events.requests[0].newest_first());
  EXPECT_EQ(answer.Json().at("looked_at").as_int64(), 2);
  EXPECT_EQ(answer.Json().at("matching").as_int64(), 0);
  EXPECT_FALSE(absl::StrContains(answer.body, "permission"));
}

TEST_F(NarrowedAccessTest, AnEventIsToldThatThePermissionStopsIt) {
  const std::string alert =
      R"({"type":"alert_received","alert":{"title":"t","source":"s","severity":"P1","alert_type":"Data"}})";
  const Answer answer = As(kNarrow, "POST", "/v1/explain",
                           absl::StrCat(R"({"filter":{"severities":["P1"]},"event":)", alert, "}"));
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_TRUE(absl::StrContains(answer.body, "permission.severities")) << answer.body;
  EXPECT_EQ(answer.Json().at("matching").as_int64(), 0);
  EXPECT_TRUE(hub.explain.requests.empty());
}

TEST_F(NarrowedAccessTest, AnEventIsCompletedOnlyFromAnIncidentThatMayBeSeen) {
  hub.explain.answer = [](const v1::ExplainRequest& request, v1::ExplainResponse& response) {
    v1::FieldExplanation& field = *response.add_explanations()->add_fields();
    field.set_field(absl::StrCat("require[", request.require_size() - 1, "].severities"));
    field.set_reason(absl::StrCat("as require[", request.require_size() - 1, "] asks for"));
    return grpc::Status::OK;
  };
  const auto body = [](std::string_view id) {
    return absl::StrCat(R"({"event":{"type":"comment_added","incident_id":")", std::string(id),
                        R"(","author":"a","comment":"c"}})");
  };
  const Answer seen = As(kNarrow, "POST", "/v1/explain", body(kSeen));
  ASSERT_EQ(seen.status, 200) << seen.body;
  ExpectNarrowed(hub.explain.requests);
  EXPECT_TRUE(absl::StrContains(seen.body, "\"permission.severities\"")) << seen.body;
  EXPECT_TRUE(absl::StrContains(seen.body, "as the permission asks for")) << seen.body;
  const Answer hidden = As(kNarrow, "POST", "/v1/explain", body(kHidden));
  EXPECT_EQ(hidden.status, 200) << hidden.body;
  EXPECT_FALSE(absl::StrContains(hidden.body, "P0\"],\"filter_values\"")) << hidden.body;
  EXPECT_EQ(hub.explain.requests.size(), 1u);
}

class NamedSession final : public LiveSession {
 public:
  explicit NamedSession(SubjectPtr subject) : subject_(std::move(subject)) {}
  const std::string& session_id() const override { return id_; }
  SubjectPtr subject() const override { return subject_; }
  v1::SessionExplanation Explain() const override { return {}; }
  SessionFace Face() const override { return {}; }
  void Kick(absl::Duration /*reconnect_after*/, std::string_view /*why*/) override {}

 private:
  const std::string id_ = "here";
  const SubjectPtr subject_;
};

TEST_F(NarrowedAccessTest, ASessionIsToldToItsOwnSubjectAndToWhoAdministers) {
  NamedSession session(std::make_shared<const Subject>(Subject{.name = "ann"}));
  worker.shard().sessions().Enter(session);
  const auto status = [&](std::string_view permission, std::string_view name, std::string_view id) {
    return Post("/v1/explain", absl::StrCat(R"({"session_id":")", std::string(id), "\"}"),
                {Bearer(Token(permission, name))});
  };
  EXPECT_EQ(status(R"({"subscribe":true})", "ann", "here").status, 200);
  const Answer others = status(R"({"subscribe":true})", "bob", "here");
  const Answer unknown = status(R"({"subscribe":true})", "bob", "hero");
  EXPECT_EQ(others.status, 404);
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(others.body.size(), unknown.body.size());
  EXPECT_TRUE(hub.explain.requests.empty()) << "the bridge may ask its hub for more";
  EXPECT_EQ(status(R"({"subscribe":true,"admin":true})", "bob", "here").status, 200);
  worker.shard().sessions().Leave(session, kClientClosed, "");
}

// ---- GraphQL ----

TEST_F(NarrowedAccessTest, QueriesAreNarrowed) {
  hub.list.answer = [](const v1::ListIncidentsRequest&, v1::ListIncidentsResponse&) {
    return grpc::Status::OK;
  };
  const std::string one = Graphql(
      kNarrow, absl::StrCat("{incident(id:\\\"", kHidden, "\\\"){title} incidents{total}}"));
  EXPECT_TRUE(absl::StrContains(one, R"("incident":null)")) << one;
  ExpectNarrowed(hub.get.requests);
  ExpectNarrowed(hub.list.requests);
}

TEST_F(NarrowedAccessTest, WhoMayNotQueryIsTold) {
  const std::string result =
      Graphql(kBlind, absl::StrCat("{incident(id:\\\"", kSeen, "\\\"){title} health{status}}"));
  EXPECT_TRUE(absl::StrContains(result, R"("code":"FORBIDDEN")")) << result;
  EXPECT_TRUE(absl::StrContains(result, R"("health":{"status":"ok"})")) << result;
  EXPECT_TRUE(hub.get.requests.empty());
  const Answer parts =
      As(kBlind, "POST", "/graphql", R"({"query":"subscription{newIncidents{id}}"})",
         {{"Accept", "multipart/mixed;subscriptionSpec=\"1.0\""}});
  EXPECT_EQ(parts.status, 403) << parts.body;
  EXPECT_TRUE(absl::StrContains(parts.body, R"("code":"FORBIDDEN")"));
}

TEST_F(NarrowedAccessTest, MutationsNeedTheRightToTheirEvents) {
  constexpr char kReads[] = R"({"publish":["playbook_started"],"subscribe":true})";
  const std::string alert =
      "mutation{submitAlert(input:{title:\\\"t\\\",source:\\\"s\\\",severity:P0,alertType:DATA}){"
      "alertId}}";
  EXPECT_TRUE(absl::StrContains(Graphql(kReads, alert), R"("code":"FORBIDDEN")"))
      << Graphql(kReads, alert);
  const std::string comment =
      absl::StrCat("mutation{addComment(id:\\\"", kSeen, "\\\",comment:\\\"c\\\"){eventId}}");
  EXPECT_TRUE(absl::StrContains(Graphql(kReads, comment), R"("code":"FORBIDDEN")"))
      << Graphql(kReads, comment);
  EXPECT_TRUE(hub.publish.requests.empty());
  EXPECT_TRUE(hub.submit.requests.empty());
}

TEST_F(NarrowedAccessTest, AMutationShowsNoHiddenIncident) {
  const auto comment = [](std::string_view id, std::string_view fields) {
    return absl::StrCat("mutation{addComment(id:\\\"", std::string(id), "\\\",comment:\\\"c\\\"){",
                        std::string(fields), "}}");
  };
  const std::string hidden = Graphql(kNarrow, comment(kHidden, "eventId"));
  EXPECT_TRUE(absl::StrContains(hidden, R"("reason":"NOT_FOUND")")) << hidden;
  EXPECT_TRUE(hub.publish.requests.empty());
  const std::string unseen = Graphql(kBlind, comment(kSeen, "eventId cursor"));
  EXPECT_TRUE(absl::StrContains(unseen, R"("cursor":"abcdef-6")")) << unseen;
  const std::string asked = Graphql(kBlind, comment(kSeen, "eventId incident{title}"));
  EXPECT_TRUE(absl::StrContains(asked, R"("code":"FORBIDDEN")")) << asked;
  EXPECT_FALSE(absl::StrContains(asked, "the content"));
}

}  // namespace
}  // namespace tocsin::bridge
