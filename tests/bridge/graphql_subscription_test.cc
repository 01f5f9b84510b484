#include "bridge/graphql/subscription.h"
#include "tests/bridge/graphql_fixture.h"

namespace tocsin::bridge::graphql {
namespace {

using testing::kIncidentId;
using testing::kOtherId;
using testing::Ready;
using testing::SampleEvent;

std::shared_ptr<const Subscription> Planned(std::string_view query,
                                            std::string_view variables = "{}",
                                            std::string_view extensions = "{}") {
  auto planned = Subscription::Plan(*Ready(query, variables, extensions));
  if (const auto* errors = std::get_if<Errors>(&planned)) {
    ADD_FAILURE() << errors->front().message;
    return nullptr;
  }
  return std::get<std::shared_ptr<const Subscription>>(planned);
}

Error Refused(std::string_view query, std::string_view extensions = "{}") {
  auto planned = Subscription::Plan(*Ready(query, "{}", extensions));
  const auto* errors = std::get_if<Errors>(&planned);
  EXPECT_NE(errors, nullptr) << "not refused: " << query;
  return errors == nullptr ? Error{} : errors->front();
}

// Whole, as a transport without extensions sends it.
std::string Told(const Subscription& subscription, const v1::Event& event) {
  std::string out = "before ";
  if (!subscription.Tell(out, event)) {
    EXPECT_EQ(out, "before ") << "nothing is appended";
    return "";
  }
  return out.substr(7) + "}";
}
std::string Told(std::string_view query, const v1::Event& event) {
  return Told(*Planned(query), event);
}

v1::Event Typed(v1::EventType type) { return SampleEvent(type); }

v1::Event WithState(v1::EventType type, v1::IncidentState before, v1::IncidentState after) {
  v1::Event event = SampleEvent(type);
  event.mutable_incident()->set_state(after);
  event.mutable_before()->set_state(before);
  return event;
}

bool Matches(const Subscription& subscription, const v1::Event& event) {
  return subscription.filter()->Matches(EventFacts::Of(event));
}

// ---- what is told ----

TEST(GraphqlSubscriptionTest, NewIncidentsTellsTheIncident) {
  EXPECT_EQ(Told("subscription{newIncidents{id severity state title createdAt timeline{actor}}}",
                 SampleEvent()),
            R"({"data":{"newIncidents":{"id":"0190a000-0000-7000-8000-0000000000aa",)"
            R"("severity":"P0","state":"DETECTED","title":"the \"db\" is down","createdAt":null,)"
            R"("timeline":null}}})");
}

TEST(GraphqlSubscriptionTest, TypenameAndAliasesAreAnsweredEverywhere) {
  EXPECT_EQ(
      Told("subscription{x:events{__typename t:__typename i:incident{__typename}}}", SampleEvent()),
      R"({"data":{"x":{"__typename":"Event","t":"Event","i":{"__typename":"Incident"}}}})");
}

TEST(GraphqlSubscriptionTest, EventsTellsWhatTheTypeHas) {
  v1::Event event = Typed(v1::EVENT_TYPE_ESCALATED);
  event.mutable_escalated()->set_incident_id(kIncidentId);
  event.mutable_escalated()->set_from_severity(v1::SEVERITY_P2);
  event.mutable_escalated()->set_to_severity(v1::SEVERITY_P0);
  EXPECT_EQ(Told("subscription{events{id sequence epoch time type priority actor cursor incidentId"
                 " fromSeverity toSeverity reason comment success assignees metadata alert{id}}}",
                 event),
            R"({"data":{"events":{"id":"0190a000-0000-7000-8000-000000000001","sequence":7,)"
            R"("epoch":11259375,"time":"2023-11-14T22:13:20.123456Z","type":"ESCALATED",)"
            R"("priority":"HIGH","actor":"alice","cursor":"abcdef-7",)"
            R"("incidentId":"0190a000-0000-7000-8000-0000000000aa","fromSeverity":"P2",)"
            R"("toSeverity":"P0","reason":"","comment":null,"success":null,"assignees":null,)"
            R"("metadata":null,"alert":null}}})");
}

TEST(GraphqlSubscriptionTest, MapsAreSorted) {
  v1::Event event = SampleEvent();
  for (const char* key : {"b", "a", "d", "c"}) {
    (*event.mutable_incident()->mutable_labels())[key] = "x";
  }
  EXPECT_EQ(Told("subscription{newIncidents{labels metadata}}", event),
            R"({"data":{"newIncidents":{"labels":{"a":"x","b":"x","c":"x","d":"x"},)"
            R"("metadata":{}}}})");
}

TEST(GraphqlSubscriptionTest, AlertsTellsTheAlert) {
  v1::Event event = Typed(v1::EVENT_TYPE_ALERT_RECEIVED);
  event.clear_incident();
  event.mutable_alert_received()->mutable_alert()->set_id(kOtherId);
  event.mutable_alert_received()->mutable_alert()->add_affected_services("db");
  EXPECT_EQ(Told("subscription{alerts{id status affectedServices runbookUrl incidentId}}", event),
            R"({"data":{"alerts":{"id":"0190a000-0000-7000-8000-0000000000bb",)"
            R"("status":"FIRING","affectedServices":["db"],"runbookUrl":null,)"
            R"("incidentId":null}}})");
}

TEST(GraphqlSubscriptionTest, AnUpdateSaysOfWhichKindItIs) {
  const auto updates = Planned("subscription{incidentUpdates{updateType}}");
  const auto kind = [&](const v1::Event& event) {
    const std::string told = Told(*updates, event);
    const auto data = boost::json::parse(told).at("data").at("incidentUpdates");
    return std::string(data.at("updateType").as_string());
  };
  using enum v1::IncidentState;
  EXPECT_EQ(kind(Typed(v1::EVENT_TYPE_INCIDENT_CREATED)), "CREATED");
  EXPECT_EQ(kind(Typed(v1::EVENT_TYPE_INCIDENT_RESOLVED)), "RESOLVED");
  EXPECT_EQ(kind(Typed(v1::EVENT_TYPE_INCIDENT_CLOSED)), "STATE_CHANGED");
  EXPECT_EQ(kind(Typed(v1::EVENT_TYPE_ASSIGNMENT_CHANGED)), "ASSIGNED");
  EXPECT_EQ(kind(Typed(v1::EVENT_TYPE_COMMENT_ADDED)), "COMMENT_ADDED");
  EXPECT_EQ(kind(Typed(v1::EVENT_TYPE_INCIDENT_UPDATED)), "UPDATED");
  EXPECT_EQ(kind(Typed(v1::EVENT_TYPE_ESCALATED)), "UPDATED");
  v1::Event changed = Typed(v1::EVENT_TYPE_INCIDENT_UPDATED);
  changed.mutable_incident_updated()->set_previous_state(v1::INCIDENT_STATE_TRIAGED);
  EXPECT_EQ(kind(changed), "STATE_CHANGED");
  EXPECT_EQ(kind(WithState(v1::EVENT_TYPE_INCIDENT_UPDATED, v1::INCIDENT_STATE_DETECTED,
                           v1::INCIDENT_STATE_TRIAGED)),
            "STATE_CHANGED");
}

TEST(GraphqlSubscriptionTest, StateChangesTellsOnlyOfChanges) {
  const auto changes = Planned(
      "subscription{incidentStateChanges{incidentId oldState newState changedBy timestamp}}");
  EXPECT_EQ(Told(*changes, WithState(v1::EVENT_TYPE_COMMENT_ADDED, v1::INCIDENT_STATE_DETECTED,
                                     v1::INCIDENT_STATE_TRIAGED)),
            R"({"data":{"incidentStateChanges":{)"
            R"("incidentId":"0190a000-0000-7000-8000-0000000000aa","oldState":"DETECTED",)"
            R"("newState":"TRIAGED","changedBy":"alice",)"
            R"("timestamp":"2023-11-14T22:13:20.123456Z"}}})");
  EXPECT_EQ(Told(*changes, SampleEvent()), "");
  EXPECT_EQ(Told(*changes, Typed(v1::EVENT_TYPE_INCIDENT_UPDATED)), "");
  EXPECT_EQ(Told(*changes, WithState(v1::EVENT_TYPE_INCIDENT_UPDATED, v1::INCIDENT_STATE_TRIAGED,
                                     v1::INCIDENT_STATE_TRIAGED)),
            "");
}

TEST(GraphqlSubscriptionTest, SnapshotLeavesAndHeartbeatsAreUpdates) {
  const auto updates =
      Planned("subscription{incidentUpdates{updateType incidentId timestamp incident{title}}}");
  const absl::Time now = absl::FromUnixSeconds(1'700'000'001);
  std::string out;
  updates->TellSnapshot(out, SampleEvent().incident(), now);
  EXPECT_EQ(
      out,
      R"({"data":{"incidentUpdates":{"updateType":"SNAPSHOT",)"
      R"("incidentId":"0190a000-0000-7000-8000-0000000000aa",)"
      R"("timestamp":"2023-11-14T22:13:21.000000Z","incident":{"title":"the \"db\" is down"}}})");
  out.clear();
  updates->TellSnapshotEnd(out, now);
  EXPECT_EQ(out, R"({"data":{"incidentUpdates":{"updateType":"SNAPSHOT_END","incidentId":null,)"
                 R"("timestamp":"2023-11-14T22:13:21.000000Z","incident":null}})");
  out.clear();
  updates->TellHeartbeat(out, now);
  EXPECT_NE(out.find(R"("updateType":"HEARTBEAT")"), std::string::npos);
  out.clear();
  updates->TellLeft(out, SampleEvent(), /*seen=*/true);
  EXPECT_NE(out.find(R"("updateType":"LEFT","incidentId":"0190a000)"), std::string::npos);
  EXPECT_TRUE(updates->heartbeat());
  EXPECT_FALSE(Planned("subscription{newIncidents{id}}")->heartbeat());
}

// ---- null where none may be ----

TEST(GraphqlSubscriptionTest, NullTakesTheNearestValueThatMayBeNullWithIt) {
  v1::Event event = SampleEvent();
  event.mutable_incident()->clear_id();
  const std::string told = Told("subscription{events{sequence incident{title id} actor}}", event);
  const auto result = boost::json::parse(told).as_object();
  EXPECT_EQ(boost::json::serialize(result.at("data")),
            R"({"events":{"sequence":7,"incident":null,"actor":"alice"}})");
  const auto& errors = result.at("errors").as_array();
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(boost::json::serialize(errors[0].at("path")), R"(["events","incident","id"])");
  EXPECT_EQ(boost::json::serialize(errors[0].at("locations")), R"([{"line":1,"column":45}])");
  EXPECT_EQ(errors[0].at("extensions").at("code").as_string(), "INTERNAL_SERVER_ERROR");
}

TEST(GraphqlSubscriptionTest, NullInEveryTypeAroundItTakesTheDataWithIt) {
  v1::Event event = SampleEvent();
  event.clear_id();
  const std::string told = Told("subscription{x:events{sequence id}}", event);
  const auto result = boost::json::parse(told).as_object();
  EXPECT_TRUE(result.at("data").is_null());
  EXPECT_EQ(result.at("errors").as_array().size(), 1u);
  EXPECT_EQ(boost::json::serialize(result.at("errors").at(0).at("path")), R"(["x","id"])");
}

// ---- which events ----

TEST(GraphqlSubscriptionTest, ArgumentsBecomeTheOneFilter) {
  const auto created = Planned("subscription{newIncidents(severities:[P0,P1]){id}}");
  EXPECT_TRUE(Matches(*created, SampleEvent()));
  EXPECT_FALSE(Matches(*created, Typed(v1::EVENT_TYPE_INCIDENT_UPDATED)));
  v1::Event mild = SampleEvent();
  mild.mutable_incident()->set_severity(v1::SEVERITY_P3);
  EXPECT_FALSE(Matches(*created, mild));

  const auto one = Planned("subscription($id:UUID){incidentStateChanges(incidentId:$id){newState}}",
                           R"({"id":"0190A000-0000-7000-8000-0000000000BB"})");
  EXPECT_FALSE(Matches(*one, SampleEvent()));
  v1::Event other = SampleEvent();
  other.mutable_incident()->set_id(kOtherId);
  EXPECT_TRUE(Matches(*one, other));

  const auto active = Planned("subscription{incidentUpdates(activeOnly:true){updateType}}");
  EXPECT_TRUE(Matches(*active, SampleEvent()));
  EXPECT_FALSE(
      Matches(*active, WithState(v1::EVENT_TYPE_INCIDENT_RESOLVED, v1::INCIDENT_STATE_DETECTED,
                                 v1::INCIDENT_STATE_RESOLVED)));
}

TEST(GraphqlSubscriptionTest, CriticalIncidentsBeginAsP0OrAreEscalatedToIt) {
  const auto critical = Planned("subscription{criticalIncidents{id}}");
  EXPECT_TRUE(Matches(*critical, SampleEvent()));
  EXPECT_TRUE(Matches(*critical, Typed(v1::EVENT_TYPE_ESCALATED)));
  EXPECT_FALSE(Matches(*critical, Typed(v1::EVENT_TYPE_INCIDENT_UPDATED)));
  v1::Event mild = SampleEvent();
  mild.mutable_incident()->set_severity(v1::SEVERITY_P1);
  EXPECT_FALSE(Matches(*critical, mild));
}

TEST(GraphqlSubscriptionTest, UpdatesAreOfEveryEventThatCarriesAnIncident) {
  const auto updates = Planned("subscription{incidentUpdates{updateType}}");
  for (int type = 1; type <= v1::EventType_MAX; ++type) {
    const bool carries =
        type != v1::EVENT_TYPE_ALERT_RECEIVED && type != v1::EVENT_TYPE_SYSTEM_EVENT;
    EXPECT_EQ(Matches(*updates, Typed(static_cast<v1::EventType>(type))), carries) << type;
  }
}

TEST(GraphqlSubscriptionTest, TheFilterOfEventsIsTheContracts) {
  const auto some = Planned(
      "subscription{events(filter:{eventTypes:[COMMENT_ADDED] states:[DETECTED]"
      " labels:{team:\"db\"} sources:[\"monitor\"]}){id}}");
  v1::Event event = Typed(v1::EVENT_TYPE_COMMENT_ADDED);
  EXPECT_FALSE(Matches(*some, event));
  (*event.mutable_incident()->mutable_labels())["team"] = "db";
  EXPECT_TRUE(Matches(*some, event));
  EXPECT_TRUE(Matches(*Planned("subscription{events{id}}"), event));
  EXPECT_TRUE(Matches(*Planned("subscription{events(filter:null){id}}"), event));
}

TEST(GraphqlSubscriptionTest, AFilterThatIsTooLargeIsRefusedByItsName) {
  std::string many = "subscription{events(filter:{sources:[";
  for (int i = 0; i < 1'001; ++i) many += "\"s" + std::to_string(i) + "\"";
  const Error error = Refused(many + "]}){id}}");
  EXPECT_EQ(error.code, "BAD_USER_INPUT");
  EXPECT_EQ(error.reason, "INVALID_FILTER");
  EXPECT_EQ(error.field, "filter.sources");
  EXPECT_EQ(error.locations.size(), 1u);
}

// ---- where it starts ----

TEST(GraphqlSubscriptionTest, StartsWhereTheExtensionOrTheArgumentSays) {
  EXPECT_FALSE(Planned("subscription{events{id}}")->from().has_value());
  const StartPoint cursor = Cursor{0xabcdef, 7};
  EXPECT_EQ(Planned("subscription{alerts{id}}", "{}", R"({"resumeFrom":"abcdef-7"})")->from(),
            cursor);
  EXPECT_EQ(Planned("subscription{events(resumeFrom:\"abcdef-7\"){id}}")->from(), cursor);
  EXPECT_EQ(Planned("subscription{events(resumeFrom:\"earliest\"){id}}")->from(),
            StartPoint(Earliest{}));
  EXPECT_EQ(Planned("subscription{events(resumeFrom:\"2023-11-14T22:13:20Z\"){id}}")->from(),
            StartPoint(absl::FromUnixSeconds(1'700'000'000)));
  EXPECT_EQ(Planned("subscription{events(resumeFrom:\"abcdef-7\"){id}}", "{}",
                    R"({"resumeFrom":"abcdef-7"})")
                ->from(),
            cursor);
}

TEST(GraphqlSubscriptionTest, AWrongStartIsRefusedByItsName) {
  EXPECT_EQ(
      Refused("subscription{events(resumeFrom:\"abcdef-7\"){id}}", R"({"resumeFrom":"abcdef-8"})")
          .field,
      "resumeFrom");
  EXPECT_EQ(Refused("subscription{events(resumeFrom:\"yesterday\"){id}}").field, "resumeFrom");
  const Error error = Refused("subscription{alerts{id}}", R"({"resumeFrom":7})");
  EXPECT_EQ(error.field, "extensions.resumeFrom");
  EXPECT_EQ(error.code, "BAD_USER_INPUT");
}

TEST(GraphqlSubscriptionTest, AResumeHasHadItsSnapshotAndIsStillToldWhatLeaves) {
  constexpr std::string_view kQuery = "subscription{incidentUpdates(snapshot:true){updateType}}";
  EXPECT_TRUE(Planned(kQuery)->snapshot());
  EXPECT_TRUE(Planned(kQuery)->leaves());
  const auto resumed = Planned(kQuery, "{}", R"({"resumeFrom":"abcdef-7"})");
  EXPECT_FALSE(resumed->snapshot());
  EXPECT_TRUE(resumed->leaves());
  EXPECT_FALSE(Planned("subscription{incidentUpdates{updateType}}")->leaves());
}

TEST(GraphqlSubscriptionTest, SubscriptionsThatTellAlikeHaveOneForm) {
  EXPECT_EQ(Planned("subscription{newIncidents(severities:[P0]){id}}")->form(),
            Planned("subscription A{newIncidents{id}}")->form());
  EXPECT_NE(Planned("subscription{newIncidents{id}}")->form(),
            Planned("subscription{criticalIncidents{id}}")->form());
}

}  // namespace
}  // namespace tocsin::bridge::graphql
