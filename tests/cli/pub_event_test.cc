#include "cli/pub_event.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "core/event/names.h"
#include "core/event/uuid.h"

namespace tocsin::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr char kIncident[] = "0190b6a5-7c1e-7000-8000-000000000001";

const GivenFlags kCreated = {
    {"severity", {"p0"}}, {"title", {"API gateway down"}}, {"source", {"llm-sentinel"}}};

GivenFlags With(GivenFlags flags, const GivenFlags& more) {
  for (const auto& [name, values] : more) flags[name] = values;
  return flags;
}

std::string ErrorOf(v1::EventType type, const GivenFlags& given) {
  const auto event = MakeEvent(type, given);
  return event.ok() ? "accepted" : std::string(event.status().message());
}

TEST(PubEventTest, TypesAreReadWithDashesUnderscoresAndAnyCase) {
  for (int type = 1; type <= 14; ++type) {
    const std::string name(NameOf(static_cast<v1::EventType>(type)));
    EXPECT_EQ(*ParseEventType(name), type);
  }
  EXPECT_EQ(*ParseEventType("Incident-Created"), v1::EVENT_TYPE_INCIDENT_CREATED);
  const auto wrong = ParseEventType("incident-creatde");
  EXPECT_THAT(std::string(wrong.status().message()), HasSubstr("did you mean 'incident-created'?"));
  EXPECT_THAT(std::string(wrong.status().message()), HasSubstr("system-event"));
}

TEST(PubEventTest, MakesAnIncidentWithAnIdOfItsOwn) {
  const auto event = MakeEvent(v1::EVENT_TYPE_INCIDENT_CREATED,
                               With(kCreated, {{"label", {"env=production", "query=a=b"}},
                                               {"resource", {"api", "edge,eu"}},
                                               {"assignee", {"ada"}},
                                               {"metadata", {"k="}},
                                               {"incident-type", {"availability"}},
                                               {"priority", {"Low"}}}));
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_TRUE(IsUuid(event->id()));
  EXPECT_EQ(event->priority(), v1::PRIORITY_LOW);
  const v1::Incident& incident = event->incident();
  EXPECT_EQ(incident.severity(), v1::SEVERITY_P0);
  EXPECT_EQ(incident.title(), "API gateway down");
  EXPECT_EQ(incident.incident_type(), v1::INCIDENT_TYPE_AVAILABILITY);
  EXPECT_THAT(incident.labels(),
              UnorderedElementsAre(Pair("env", "production"), Pair("query", "a=b")));
  EXPECT_THAT(incident.affected_resources(), ElementsAre("api", "edge,eu"));
  EXPECT_THAT(incident.assignees(), ElementsAre("ada"));
  EXPECT_THAT(incident.metadata(), UnorderedElementsAre(Pair("k", "")));
}

TEST(PubEventTest, TwoEventsOfTheSameFlagsAreTwoEvents) {
  EXPECT_NE(MakeEvent(v1::EVENT_TYPE_INCIDENT_CREATED, kCreated)->id(),
            MakeEvent(v1::EVENT_TYPE_INCIDENT_CREATED, kCreated)->id());
}

TEST(PubEventTest, MakesEveryPayload) {
  const GivenFlags about = {{"incident-id", {kIncident}}};
  EXPECT_EQ(MakeEvent(v1::EVENT_TYPE_COMMENT_ADDED,
                      With(about, {{"author", {"ada"}}, {"comment", {"on it"}}}))
                ->comment_added()
                .comment(),
            "on it");
  EXPECT_EQ(MakeEvent(v1::EVENT_TYPE_ESCALATED,
                      With(about, {{"to-severity", {"P0"}}, {"reason", {"all regions"}}}))
                ->escalated()
                .to_severity(),
            v1::SEVERITY_P0);
  EXPECT_THAT(
      MakeEvent(v1::EVENT_TYPE_ASSIGNMENT_CHANGED, With(about, {{"assignee", {"ada", "bob"}}}))
          ->assignment_changed()
          .assignees(),
      ElementsAre("ada", "bob"));
  const GivenFlags playbook = With(about, {{"playbook-id", {kIncident}}});
  EXPECT_EQ(
      MakeEvent(v1::EVENT_TYPE_PLAYBOOK_STARTED, With(playbook, {{"playbook-name", {"restart"}}}))
          ->playbook_started()
          .playbook_name(),
      "restart");
  const auto action = MakeEvent(
      v1::EVENT_TYPE_PLAYBOOK_ACTION_EXECUTED,
      With(playbook, {{"action-name", {"drain"}}, {"failed", {"true"}}, {"message", {"no"}}}));
  EXPECT_FALSE(action->playbook_action_executed().success());
  EXPECT_EQ(action->playbook_action_executed().message(), "no");
  const auto completed =
      MakeEvent(v1::EVENT_TYPE_PLAYBOOK_COMPLETED,
                With(playbook, {{"success", {"true"}}, {"actions-executed", {"3"}}}));
  EXPECT_TRUE(completed->playbook_completed().success());
  EXPECT_EQ(completed->playbook_completed().actions_executed(), 3u);
  EXPECT_EQ(MakeEvent(v1::EVENT_TYPE_NOTIFICATION_SENT,
                      With(about, {{"channel", {"pager"}}, {"success", {"true"}}}))
                ->notification_sent()
                .channel(),
            "pager");
  const auto system =
      MakeEvent(v1::EVENT_TYPE_SYSTEM_EVENT,
                {{"category", {"health"}}, {"message", {"up"}}, {"metadata", {"a=b"}}});
  EXPECT_THAT(system->system_event().metadata(), ElementsAre(Pair("a", "b")));
}

TEST(PubEventTest, AnAlertsFlagsGoIntoTheAlert) {
  const GivenFlags alert =
      With(kCreated, {{"external-id", {"x-1"}}, {"service", {"api"}}, {"label", {"a=b"}}});
  const auto received = MakeEvent(v1::EVENT_TYPE_ALERT_RECEIVED, alert);
  ASSERT_TRUE(received.ok()) << received.status();
  EXPECT_FALSE(received->has_incident());
  EXPECT_EQ(received->alert_received().alert().external_id(), "x-1");
  EXPECT_THAT(received->alert_received().alert().affected_services(), ElementsAre("api"));
  const auto converted =
      MakeEvent(v1::EVENT_TYPE_ALERT_CONVERTED, With(alert, {{"incident-id", {kIncident}}}));
  ASSERT_TRUE(converted.ok()) << converted.status();
  EXPECT_EQ(converted->alert_converted().incident_id(), kIncident);
  EXPECT_EQ(converted->alert_converted().alert().title(), "API gateway down");
}

TEST(PubEventTest, AResolutionGoesWithTheIncidentsIdAlone) {
  const auto event =
      MakeEvent(v1::EVENT_TYPE_INCIDENT_RESOLVED,
                {{"incident-id", {kIncident}}, {"root-cause", {"disk"}}, {"resolved-by", {"ada"}}});
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->incident().id(), kIncident);
  EXPECT_EQ(event->incident().resolution().root_cause(), "disk");
}

TEST(PubEventTest, AFlagOfAnotherTypeIsAnErrorThatSaysWhichOnesItGoesWith) {
  const std::string error =
      ErrorOf(v1::EVENT_TYPE_INCIDENT_CREATED, With(kCreated, {{"comment", {"x"}}}));
  EXPECT_THAT(error,
              HasSubstr("--comment does not go with incident-created but with: comment-added"));
  EXPECT_THAT(error, HasSubstr("--severity --title"));
}

TEST(PubEventTest, ErrorsNameTheFlag) {
  const auto created = v1::EVENT_TYPE_INCIDENT_CREATED;
  EXPECT_THAT(ErrorOf(created, With(kCreated, {{"severity", {"P9"}}})),
              HasSubstr("--severity is an unknown value: \"P9\"; allowed: P0"));
  EXPECT_THAT(ErrorOf(created, {{"severity", {"P1"}}, {"source", {"x"}}}),
              HasSubstr("--title is required"));
  EXPECT_THAT(ErrorOf(created, With(kCreated, {{"label", {"env"}}})),
              HasSubstr("--label 'env' must be KEY=VALUE"));
  EXPECT_THAT(ErrorOf(created, With(kCreated, {{"label", {"a=1", "a=2"}}})),
              HasSubstr("--label gives 'a' twice"));
  EXPECT_THAT(ErrorOf(created, With(kCreated, {{"title", {"a", "b"}}})),
              HasSubstr("--title is given twice"));
  EXPECT_THAT(ErrorOf(created, With(kCreated, {{"incident-id", {"x"}}})),
              HasSubstr("--incident-id is no UUID"));
  EXPECT_THAT(ErrorOf(v1::EVENT_TYPE_COMMENT_ADDED, {}), HasSubstr("--incident-id is required"));
  EXPECT_THAT(ErrorOf(v1::EVENT_TYPE_ALERT_RECEIVED, {}), HasSubstr("--severity is required"));
  EXPECT_THAT(ErrorOf(v1::EVENT_TYPE_PLAYBOOK_COMPLETED, {{"incident-id", {kIncident}},
                                                          {"success", {"true"}},
                                                          {"actions-executed", {"many"}}}),
              HasSubstr("--actions-executed 'many' is not a whole number"));
}

TEST(PubEventTest, SuccessIsNeverGuessed) {
  const GivenFlags about = {{"incident-id", {kIncident}}, {"channel", {"pager"}}};
  EXPECT_THAT(ErrorOf(v1::EVENT_TYPE_NOTIFICATION_SENT, about),
              HasSubstr("one of --success and --failed"));
  EXPECT_THAT(ErrorOf(v1::EVENT_TYPE_NOTIFICATION_SENT,
                      With(about, {{"success", {"true"}}, {"failed", {"true"}}})),
              HasSubstr("contradicts"));
}

// Every field of every payload can be given as a flag: a field that is added to the schema and
// forgotten here shows.
TEST(PubEventTest, EveryFieldOfAPayloadHasAFlag) {
  for (int type = 1; type <= 14; ++type) {
    const auto* payload = v1::Event::descriptor()->FindFieldByNumber(20 + type);
    if (payload == nullptr) continue;
    std::set<std::string> keys = {"alert"};
    for (const PubFlag& flag : PubFlags()) {
      if ((flag.types >> type & 1) != 0 && flag.place == PubFlag::Place::kEvent)
        keys.insert(flag.key);
    }
    for (int i = 0; i < payload->message_type()->field_count(); ++i) {
      EXPECT_TRUE(keys.contains(payload->message_type()->field(i)->name()))
          << payload->message_type()->field(i)->full_name();
    }
  }
}

TEST(PubEventTest, NoTwoRowsOfAFlagClaimAType) {
  std::set<std::string> seen;
  for (const PubFlag& flag : PubFlags()) {
    for (int type = 1; type <= 14; ++type) {
      if ((flag.types >> type & 1) == 0) continue;
      EXPECT_TRUE(seen.insert(absl::StrCat(flag.name, " ", type)).second)
          << flag.name << " " << type;
    }
  }
}

}  // namespace
}  // namespace tocsin::cli
