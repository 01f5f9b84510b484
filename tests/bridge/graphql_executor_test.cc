#include <gmock/gmock.h>

#include <future>

#include "bridge/graphql/executor.h"
#include "bridge/http/derived_id.h"
#include "tests/bridge/graphql_fixture.h"
#include "tests/bridge/rest_fixture.h"

namespace tocsin::bridge::graphql {
namespace {

namespace json = boost::json;

using bridge::testing::Refusal;
using bridge::testing::UnaryHub;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::kEventId;
using testing::kIncidentId;
using testing::kOtherId;
using testing::Ready;

v1::Incident SampleIncident(std::string_view id = kIncidentId) {
  v1::Incident incident = testing::SampleEvent().incident();
  incident.set_id(std::string(id));
  incident.set_incident_type(v1::INCIDENT_TYPE_UNKNOWN);
  return incident;
}

class GraphqlExecutorTest : public ::testing::Test {
 protected:
  GraphqlExecutorTest() {
    hub.get.answer = [](const v1::GetIncidentRequest& request, v1::GetIncidentResponse& response) {
      *response.mutable_incident() = SampleIncident(request.incident_id());
      response.set_sequence(7);
      response.set_cursor("abcdef-7");
      return grpc::Status::OK;
    };
    hub.list.answer = [](const v1::ListIncidentsRequest&, v1::ListIncidentsResponse& response) {
      *response.add_incidents() = SampleIncident(kIncidentId);
      *response.add_incidents() = SampleIncident(kOtherId);
      response.set_total(2);
      response.set_cursor("abcdef-7");
      return grpc::Status::OK;
    };
    hub.publish.answer = [](const v1::PublishRequest& request, v1::PublishResponse& response) {
      v1::PublishResult& result = *response.add_results();
      result.set_id(request.events(0).id());
      result.set_cursor("abcdef-8");
      result.set_sequence(8);
      result.set_incident_id(request.events(0).incident().id());
      return grpc::Status::OK;
    };
  }

  std::string Run(std::string_view query, std::string_view variables = "{}") {
    std::promise<std::string> done;
    std::future<std::string> result = done.get_future();
    Execute({.calls = calls,
             .alerts = alerts,
             .clock = clock,
             .health =
                 [] {
                   return HealthNow{"ok", "connected", 1.5};
                 }},
            subject, Ready(query, variables),
            [&done](std::string text) { done.set_value(std::move(text)); });
    return result.get();
  }
  json::object Json(std::string_view query, std::string_view variables = "{}") {
    return json::parse(Run(query, variables)).as_object();
  }
  // Of the only error.
  json::object ErrorOf(std::string_view query, std::string_view variables = "{}") {
    const json::object result = Json(query, variables);
    const auto* errors = result.if_contains("errors");
    if (errors == nullptr || errors->as_array().size() != 1) {
      ADD_FAILURE() << json::serialize(result);
      return {};
    }
    return errors->as_array()[0].as_object();
  }

  UnaryHub hub;
  ManualClock clock;
  HubCalls calls{rpc::MakeHubChannel(hub.address())};
  AlertIntake alerts{calls};
  SubjectPtr subject = Subject::Anyone();
};

std::string TextOf(const json::object& error, std::string_view extension) {
  const auto* value =
      error.at("extensions").as_object().if_contains({extension.data(), extension.size()});
  return value == nullptr ? "" : std::string(value->as_string());
}

// ---- without the hub ----

TEST_F(GraphqlExecutorTest, HealthNeedsNoHub) {
  EXPECT_EQ(Run("{__typename h:health{status hub uptimeSeconds}}"),
            R"({"data":{"__typename":"Query","h":{"status":"ok","hub":"connected",)"
            R"("uptimeSeconds":1.5}}})");
}

TEST_F(GraphqlExecutorTest, TheSchemaTellsOfItself) {
  EXPECT_EQ(
      Run("{__type(name:\"IncidentStateChange\"){kind name fields{name type{kind name"
          " ofType{kind name}}}} no:__type(name:\"No\"){name}"
          " __schema{queryType{name} mutationType{name} subscriptionType{name}}}"),
      R"({"data":{"__type":{"kind":"OBJECT","name":"IncidentStateChange","fields":[)"
      R"({"name":"incidentId","type":{"kind":"NON_NULL","name":null,"ofType":{"kind":"SCALAR","name":"UUID"}}},)"
      R"({"name":"oldState","type":{"kind":"NON_NULL","name":null,"ofType":{"kind":"ENUM","name":"IncidentState"}}},)"
      R"({"name":"newState","type":{"kind":"NON_NULL","name":null,"ofType":{"kind":"ENUM","name":"IncidentState"}}},)"
      R"({"name":"changedBy","type":{"kind":"NON_NULL","name":null,"ofType":{"kind":"SCALAR","name":"String"}}},)"
      R"({"name":"timestamp","type":{"kind":"NON_NULL","name":null,"ofType":{"kind":"SCALAR","name":"DateTime"}}}]},)"
      R"("no":null,"__schema":{"queryType":{"name":"Query"},"mutationType":{"name":"Mutation"},)"
      R"("subscriptionType":{"name":"Subscription"}}}})");
}

// ---- queries ----

TEST_F(GraphqlExecutorTest, AnIncidentComesWithItsHistory) {
  hub.get.answer = [](const v1::GetIncidentRequest&, v1::GetIncidentResponse& response) {
    *response.mutable_incident() = SampleIncident();
    v1::Note& note = *response.mutable_incident()->add_notes();
    note.set_id(kOtherId);
    note.set_content("looking");
    note.mutable_created_at()->set_seconds(1);
    return grpc::Status::OK;
  };
  EXPECT_EQ(
      Run("query($id:UUID!){incident(id:$id){id notes{content} timeline{actor} alerts{count}}}",
          R"({"id":"0190A000-0000-7000-8000-0000000000AA"})"),
      R"({"data":{"incident":{"id":"0190a000-0000-7000-8000-0000000000aa",)"
      R"("notes":[{"content":"looking"}],"timeline":[],"alerts":[]}}})");
  ASSERT_EQ(hub.get.requests.size(), 1u);
  EXPECT_EQ(hub.get.requests[0].incident_id(), kIncidentId);
}

TEST_F(GraphqlExecutorTest, AnIncidentThatIsNotKnownIsNull) {
  hub.get.answer = [](const v1::GetIncidentRequest&, v1::GetIncidentResponse&) {
    return Refusal(grpc::StatusCode::NOT_FOUND, "NOT_FOUND", "incident_id", "no such incident");
  };
  EXPECT_EQ(Run("{incident(id:\"0190a000-0000-7000-8000-0000000000aa\"){id}}"),
            R"({"data":{"incident":null}})");
}

TEST_F(GraphqlExecutorTest, EqualCallsOfOneOperationAreOne) {
  const json::object data =
      Json(
          "query($a:UUID!,$b:UUID!){a:incident(id:$a){id} b:incident(id:$b){id} c:incident(id:$a)"
          "{title} p:incidents{total} q:incidents(page:1){items{notes{id}}}"
          " r:incidents(page:2){total}}",
          R"({"a":"0190a000-0000-7000-8000-0000000000aa",)"
          R"("b":"0190a000-0000-7000-8000-0000000000bb"})")
          .at("data")
          .as_object();
  EXPECT_EQ(hub.get.requests.size(), 2u);
  EXPECT_EQ(hub.list.requests.size(), 2u);
  std::vector<std::string> names;
  for (const auto& entry : data) names.emplace_back(entry.key());
  EXPECT_THAT(names, ElementsAre("a", "b", "c", "p", "q", "r"));
  EXPECT_EQ(data.at("b").at("id").as_string(), kOtherId);
  EXPECT_EQ(data.at("c").at("title").as_string(), "the \"db\" is down");
}

TEST_F(GraphqlExecutorTest, HistoryOfAPageIsOneCallAndOnlyWhenAskedFor) {
  EXPECT_EQ(Run("{incidents{items{id} total hasNextPage page pageSize cursor totalIsAtLeast}}"),
            R"({"data":{"incidents":{"items":[{"id":"0190a000-0000-7000-8000-0000000000aa"},)"
            R"({"id":"0190a000-0000-7000-8000-0000000000bb"}],"total":2,"hasNextPage":false,)"
            R"("page":1,"pageSize":50,"cursor":"abcdef-7","totalIsAtLeast":false}}})");
  (void)Run("{incidents{items{id ...f}}} fragment f on Incident{timeline{actor} alerts{count}}");
  ASSERT_EQ(hub.list.requests.size(), 2u);
  EXPECT_TRUE(hub.get.requests.empty());
  EXPECT_FALSE(hub.list.requests[0].with_history());
  EXPECT_TRUE(hub.list.requests[1].with_history());
  EXPECT_TRUE(hub.list.requests[0].whole());
}

TEST_F(GraphqlExecutorTest, TheArgumentsOfAPageAreTheHubs) {
  (void)Run(
      "{incidents(page:3 pageSize:20 order:SEVERITY ascending:true filter:{states:[DETECTED]"
      " labels:{team:\"db\"} activeOnly:true}){total}}");
  ASSERT_EQ(hub.list.requests.size(), 1u);
  const v1::ListIncidentsRequest& request = hub.list.requests[0];
  EXPECT_EQ(request.skip(), 40u);
  EXPECT_EQ(request.page_size(), 20u);
  EXPECT_EQ(request.order(), v1::INCIDENT_ORDER_SEVERITY);
  EXPECT_TRUE(request.ascending());
  EXPECT_EQ(request.filter().states(0), v1::INCIDENT_STATE_DETECTED);
  EXPECT_EQ(request.filter().labels().at("team"), "db");
  EXPECT_TRUE(request.filter().active_only());
}

TEST_F(GraphqlExecutorTest, APageOutOfBoundsIsRefusedByItsName) {
  struct Case {
    std::string_view arguments;
    std::string_view field;
    std::string_view says;
  };
  for (const Case& one :
       {Case{"pageSize:0", "pageSize", "1 to 1000"}, Case{"pageSize:1001", "pageSize", "1 to 1000"},
        Case{"page:0", "page", "1 to 201 of this pageSize"},
        Case{"page:12 pageSize:1000", "page", "1 to 11 of this pageSize"}}) {
    const std::string query = absl::StrCat("{incidents(", std::string(one.arguments), "){total}}");
    const json::object error = ErrorOf(query);
    EXPECT_EQ(TextOf(error, "code"), "BAD_USER_INPUT") << query;
    EXPECT_EQ(TextOf(error, "field"), one.field) << query;
    EXPECT_THAT(std::string(error.at("message").as_string()), HasSubstr(std::string(one.says)));
    EXPECT_EQ(json::serialize(error.at("path")), R"(["incidents"])");
    EXPECT_EQ(json::serialize(error.at("locations")), R"([{"line":1,"column":2}])");
  }
  EXPECT_TRUE(hub.list.requests.empty());
}

TEST_F(GraphqlExecutorTest, TheHubsRefusalsHaveGraphqlsCodes) {
  hub.list.answer = [](const v1::ListIncidentsRequest&, v1::ListIncidentsResponse&) {
    return Refusal(grpc::StatusCode::RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE", "page_size",
                   "page_size: asks for more");
  };
  const json::object error = ErrorOf("{x:incidents{total}}");
  EXPECT_EQ(TextOf(error, "code"), "BAD_USER_INPUT");
  EXPECT_EQ(TextOf(error, "reason"), "MESSAGE_TOO_LARGE");
  EXPECT_EQ(TextOf(error, "field"), "pageSize");
  EXPECT_EQ(error.at("message").as_string(), "pageSize: asks for more");
  EXPECT_EQ(json::serialize(error.at("path")), R"(["x"])");
}

TEST_F(GraphqlExecutorTest, NullInAListItemTakesTheListAndTheDataWithIt) {
  hub.list.answer = [](const v1::ListIncidentsRequest&, v1::ListIncidentsResponse& response) {
    *response.add_incidents() = SampleIncident();
    response.add_incidents();
    return grpc::Status::OK;
  };
  const json::object result = Json("{__typename incidents{items{title id}}}");
  EXPECT_TRUE(result.at("data").is_null());
  const auto& errors = result.at("errors").as_array();
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(json::serialize(errors[0].at("path")), R"(["incidents","items",1,"id"])");
}

TEST_F(GraphqlExecutorTest, NullInAListThatMayBeNullLeavesTheRest) {
  hub.get.answer = [](const v1::GetIncidentRequest&, v1::GetIncidentResponse& response) {
    *response.mutable_incident() = SampleIncident();
    response.mutable_incident()->add_notes()->set_content("no id");
    response.mutable_incident()->add_timeline()->set_actor("no time");
    return grpc::Status::OK;
  };
  const json::object result = Json(
      "{incident(id:\"0190a000-0000-7000-8000-0000000000aa\"){notes{content id} title"
      " timeline{timestamp}}}");
  EXPECT_EQ(json::serialize(result.at("data")),
            R"({"incident":{"notes":null,"title":"the \"db\" is down","timeline":null}})");
  EXPECT_EQ(result.at("errors").as_array().size(), 2u);
}

TEST_F(GraphqlExecutorTest, AFieldThatFailsLeavesTheOthersWhereItMayBeNull) {
  hub.get.answer = [](const v1::GetIncidentRequest&, v1::GetIncidentResponse&) {
    return Refusal(grpc::StatusCode::RESOURCE_EXHAUSTED, "RATE_LIMIT_EXCEEDED", "", "slower");
  };
  const json::object result =
      Json("{incident(id:\"0190a000-0000-7000-8000-0000000000aa\"){id} health{status}}");
  EXPECT_EQ(json::serialize(result.at("data")), R"({"incident":null,"health":{"status":"ok"}})");
  EXPECT_EQ(result.at("errors").at(0).at("extensions").at("code").as_string(),
            "RATE_LIMIT_EXCEEDED");
}

// ---- mutations ----

TEST_F(GraphqlExecutorTest, CreateIncidentPublishesItAndShowsIt) {
  EXPECT_EQ(
      Run("mutation($in:IncidentInput!){createIncident(input:$in actor:\"bob\"){eventId"
          " cursor sequence duplicate incident{id title notes{id}}}}",
          R"({"in":{"id":"0190a000-0000-7000-8000-0000000000bb","title":"t","source":"s",)"
          R"("severity":"P1","state":"TRIAGED","incidentType":"DATA",)"
          R"("affectedResources":["db"],"labels":{"a":"b"},"correlationScore":0.5}})")
              .find(R"("duplicate":false,"incident":{"id":"0190a000-0000-7000-8000-0000000000bb")"
                    R"(,"title":"the \"db\" is down","notes":[]}}}})") != std::string::npos,
      true);
  ASSERT_EQ(hub.publish.requests.size(), 1u);
  const v1::PublishRequest& request = hub.publish.requests[0];
  EXPECT_EQ(request.expected_incident_sequence(), 0u);
  EXPECT_TRUE(request.has_expected_incident_sequence());
  EXPECT_EQ(request.events(0).type(), v1::EVENT_TYPE_INCIDENT_CREATED);
  EXPECT_EQ(request.events(0).actor(), "bob");
  const v1::Incident& incident = request.events(0).incident();
  EXPECT_EQ(incident.id(), kOtherId);
  EXPECT_EQ(incident.severity(), v1::SEVERITY_P1);
  EXPECT_EQ(incident.state(), v1::INCIDENT_STATE_TRIAGED);
  EXPECT_EQ(incident.incident_type(), v1::INCIDENT_TYPE_DATA);
  EXPECT_EQ(incident.affected_resources(0), "db");
  EXPECT_EQ(incident.labels().at("a"), "b");
  EXPECT_EQ(incident.correlation_score(), 0.5);
}

TEST_F(GraphqlExecutorTest, AKeyMakesARetryTheSameRequest) {
  const auto id_of = [&](std::string_view mutation) {
    (void)Run(mutation);
    return hub.publish.requests.back().events(0).id();
  };
  const std::string comment =
      R"(mutation{addComment(id:"0190a000-0000-7000-8000-0000000000aa" comment:"c")"
      R"( idempotencyKey:"k"){sequence}})";
  const std::string first = id_of(comment);
  EXPECT_EQ(id_of(comment), first);
  EXPECT_NE(id_of(R"(mutation{addComment(id:"0190a000-0000-7000-8000-0000000000aa" comment:"c")"
                  R"( idempotencyKey:"other"){sequence}})"),
            first);
  EXPECT_NE(id_of(R"(mutation{addComment(id:"0190a000-0000-7000-8000-0000000000aa" comment:"c"))"
                  R"({sequence}})"),
            first);
  const std::string patch =
      R"(mutation{updateIncident(id:"0190a000-0000-7000-8000-0000000000aa" patch:{title:"new"})"
      R"( idempotencyKey:"k"){sequence}})";
  EXPECT_EQ(id_of(patch), id_of(patch));
  const std::string create =
      R"(mutation{createIncident(input:{title:"t" source:"s" severity:P1} idempotencyKey:"k"))"
      R"({sequence}})";
  EXPECT_EQ(id_of(create), id_of(create));
  const json::object error =
      ErrorOf(R"(mutation{addComment(id:"0190a000-0000-7000-8000-0000000000aa" comment:"c")"
              R"( idempotencyKey:""){sequence}})");
  EXPECT_EQ(TextOf(error, "field"), "idempotencyKey");
}

TEST_F(GraphqlExecutorTest, TheKeyIsTheOneOfRest) {
  (void)Run(R"(mutation{addComment(id:"0190a000-0000-7000-8000-0000000000aa" comment:"c")"
            R"( idempotencyKey:"k"){sequence}})");
  EXPECT_EQ(hub.publish.requests.back().events(0).id(),
            DerivedUuid("idempotency key of POST /v1/incidents/{id}/",
                        {"comment_added", kIncidentId, "k"}));
}

TEST_F(GraphqlExecutorTest, ActionsAreTheEventsOfTheirKinds) {
  (void)Run(R"(mutation{resolveIncident(id:"0190a000-0000-7000-8000-0000000000aa")"
            R"( resolution:{rootCause:"disk" resolutionMethod:AUTO_ASSISTED_MANUAL} actor:"bob"))"
            R"({sequence}})");
  (void)Run(R"(mutation{resolveIncident(id:"0190a000-0000-7000-8000-0000000000aa"){sequence}})");
  (void)Run(R"(mutation{addComment(id:"0190a000-0000-7000-8000-0000000000aa" comment:"c")"
            R"( author:"eve" actor:"bob"){sequence}})");
  (void)Run(R"(mutation{escalateIncident(id:"0190a000-0000-7000-8000-0000000000aa")"
            R"( toSeverity:P0 reason:"worse" ifSequence:7){sequence}})");
  (void)Run(R"(mutation{assignIncident(id:"0190a000-0000-7000-8000-0000000000aa")"
            R"( assignees:["ann" "bob"]){sequence}})");
  ASSERT_EQ(hub.publish.requests.size(), 5u);
  const auto event = [&](size_t i) { return hub.publish.requests[i].events(0); };
  EXPECT_EQ(event(0).type(), v1::EVENT_TYPE_INCIDENT_RESOLVED);
  EXPECT_EQ(event(0).incident().resolution().root_cause(), "disk");
  EXPECT_EQ(event(0).incident().resolution().resolution_method(),
            v1::RESOLUTION_METHOD_AUTO_ASSISTED_MANUAL);
  EXPECT_EQ(event(0).incident().resolution().resolved_by(), "bob");
  EXPECT_EQ(event(1).type(), v1::EVENT_TYPE_INCIDENT_RESOLVED);
  EXPECT_EQ(event(2).comment_added().author(), "eve");
  EXPECT_EQ(event(2).actor(), "bob");
  EXPECT_EQ(event(3).escalated().to_severity(), v1::SEVERITY_P0);
  EXPECT_EQ(hub.publish.requests[3].expected_incident_sequence(), 7u);
  EXPECT_EQ(event(4).assignment_changed().assignees_size(), 2);
}

TEST_F(GraphqlExecutorTest, APatchChangesWhatItNamesAndNullTakesAway) {
  hub.get.answer = [](const v1::GetIncidentRequest&, v1::GetIncidentResponse& response) {
    *response.mutable_incident() = SampleIncident();
    response.mutable_incident()->set_description("long");
    response.mutable_incident()->add_assignees("ann");
    response.set_sequence(7);
    return grpc::Status::OK;
  };
  (void)Run(R"(mutation{updateIncident(id:"0190a000-0000-7000-8000-0000000000aa")"
            R"( patch:{title:"new" description:null state:TRIAGED}){sequence}})");
  ASSERT_EQ(hub.publish.requests.size(), 1u);
  EXPECT_EQ(hub.publish.requests[0].expected_incident_sequence(), 7u);
  const v1::Incident& incident = hub.publish.requests[0].events(0).incident();
  EXPECT_EQ(incident.title(), "new");
  EXPECT_EQ(incident.description(), "");
  EXPECT_EQ(incident.state(), v1::INCIDENT_STATE_TRIAGED);
  EXPECT_EQ(incident.assignees(0), "ann");
}

TEST_F(GraphqlExecutorTest, APatchThatChangesNothingPublishesNothing) {
  EXPECT_EQ(Run(R"(mutation{updateIncident(id:"0190a000-0000-7000-8000-0000000000aa")"
                R"( patch:{state:DETECTED}){eventId sequence cursor duplicate}})"),
            R"({"data":{"updateIncident":{"eventId":null,"sequence":7,"cursor":"abcdef-7",)"
            R"("duplicate":false}}})");
  EXPECT_TRUE(hub.publish.requests.empty());
}

TEST_F(GraphqlExecutorTest, AChangeForAnotherStateIsAConflict) {
  const json::object error =
      ErrorOf(R"(mutation{updateIncident(id:"0190a000-0000-7000-8000-0000000000aa")"
              R"( patch:{title:"new"} ifSequence:5){sequence}})");
  EXPECT_EQ(TextOf(error, "code"), "BAD_USER_INPUT");
  EXPECT_EQ(TextOf(error, "reason"), "CONFLICT");
  EXPECT_EQ(TextOf(error, "field"), "ifSequence");
  EXPECT_THAT(std::string(error.at("message").as_string()), HasSubstr("which is 7"));
  EXPECT_TRUE(hub.publish.requests.empty());
}

TEST_F(GraphqlExecutorTest, AWrongFieldIsNamedAsTheClientGaveIt) {
  const std::string long_title(501, 'x');
  const json::object created =
      ErrorOf(absl::StrCat(R"(mutation{createIncident(input:{title:")", long_title,
                           R"(" source:"s" severity:P1}){sequence}})"));
  EXPECT_EQ(TextOf(created, "field"), "input.title");
  EXPECT_EQ(TextOf(created, "reason"), "INVALID_MESSAGE");
  const json::object patched =
      ErrorOf(absl::StrCat(R"(mutation{updateIncident(id:"0190a000-0000-7000-8000-0000000000aa")",
                           R"( patch:{title:")", long_title, R"("}){sequence}})"));
  EXPECT_EQ(TextOf(patched, "field"), "patch.title");
  const json::object comment = ErrorOf(
      R"(mutation{addComment(id:"0190a000-0000-7000-8000-0000000000aa" comment:""){sequence}})");
  EXPECT_EQ(TextOf(comment, "field"), "comment");
  const json::object alert =
      ErrorOf(absl::StrCat(R"(mutation{submitAlert(input:{title:")", long_title,
                           R"(" source:"s" severity:P1}){alertId}})"));
  EXPECT_EQ(TextOf(alert, "field"), "input.title");
  EXPECT_TRUE(hub.publish.requests.empty());
}

TEST_F(GraphqlExecutorTest, MutationsRunInTheirOrderAndStopWhereOneFails) {
  std::vector<std::string> titles;
  hub.publish.answer = [&](const v1::PublishRequest& request, v1::PublishResponse& response) {
    titles.push_back(request.events(0).incident().title());
    if (titles.back() == "three") {
      return Refusal(grpc::StatusCode::RESOURCE_EXHAUSTED, "RATE_LIMIT_EXCEEDED", "", "slower");
    }
    v1::PublishResult& result = *response.add_results();
    result.set_id(kEventId);
    result.set_incident_id(kIncidentId);
    return grpc::Status::OK;
  };
  const auto field = [](std::string_view title) {
    return absl::StrCat(std::string(title), ":createIncident(input:{title:\"", std::string(title),
                        "\" source:\"s\" severity:P1}){sequence} ");
  };
  const json::object good = Json("mutation{" + field("one") + field("two") + "__typename}");
  EXPECT_THAT(titles, ElementsAre("one", "two"));
  EXPECT_EQ(good.at("data").at("__typename").as_string(), "Mutation");
  titles.clear();
  const json::object bad = Json("mutation{" + field("one") + field("three") + field("four") + "}");
  EXPECT_THAT(titles, ElementsAre("one", "three"));
  EXPECT_TRUE(bad.at("data").is_null());
  EXPECT_EQ(json::serialize(bad.at("errors").at(0).at("path")), R"(["three"])");
}

// A second field reads what the first has changed: they are not begun together.
TEST_F(GraphqlExecutorTest, AMutationBeginsOnceTheOneBeforeItIsShown) {
  std::vector<std::string> calls_made;
  hub.publish.answer = [&](const v1::PublishRequest& request, v1::PublishResponse& response) {
    calls_made.push_back("publish");
    response.add_results()->set_id(kEventId);
    response.mutable_results(0)->set_incident_id(request.events(0).incident().id());
    return grpc::Status::OK;
  };
  hub.get.answer = [&](const v1::GetIncidentRequest& request, v1::GetIncidentResponse& response) {
    calls_made.push_back("get");
    *response.mutable_incident() = SampleIncident(request.incident_id());
    return grpc::Status::OK;
  };
  (void)Run(R"(mutation{a:addComment(id:"0190a000-0000-7000-8000-0000000000aa" comment:"a"))"
            R"({sequence} b:addComment(id:"0190a000-0000-7000-8000-0000000000aa" comment:"b"))"
            R"({sequence}})");
  EXPECT_THAT(calls_made, ElementsAre("publish", "get", "publish", "get"));
}

TEST_F(GraphqlExecutorTest, SubmitAlertTakesTheAlertIn) {
  hub.submit.answer = [](const v1::SubmitAlertsRequest& request,
                         v1::SubmitAlertsResponse& response) {
    v1::SubmitAlertResponse& answer = *response.add_outcomes()->mutable_response();
    answer.set_alert_id(request.alerts(0).alert().id());
    answer.set_incident_id(kIncidentId);
    answer.set_opened(true);
    answer.set_cursor("abcdef-9");
    return grpc::Status::OK;
  };
  const std::string mutation =
      R"(mutation{submitAlert(input:{title:"t" source:"s" severity:P2 status:ACKNOWLEDGED)"
      R"( timestamp:"2026-01-02T03:04:05Z"} idempotencyKey:"k"))"
      R"({alertId incidentId duplicate opened cursor}})";
  const json::object result = Json(mutation);
  const json::object& data = result.at("data").at("submitAlert").as_object();
  EXPECT_EQ(data.at("incidentId").as_string(), kIncidentId);
  EXPECT_TRUE(data.at("opened").as_bool());
  EXPECT_EQ(data.at("cursor").as_string(), "abcdef-9");
  ASSERT_EQ(hub.submit.requests.size(), 1u);
  const v1::Alert& alert = hub.submit.requests[0].alerts(0).alert();
  EXPECT_EQ(alert.status(), v1::ALERT_STATUS_ACKNOWLEDGED);
  EXPECT_EQ(alert.severity(), v1::SEVERITY_P2);
  EXPECT_EQ(alert.timestamp().seconds(), 1'767'323'045);
  EXPECT_EQ(alert.id(), DerivedUuid("idempotency key of POST /v1/alerts", {"k"}));
}

}  // namespace
}  // namespace tocsin::bridge::graphql
