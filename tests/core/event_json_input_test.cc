// Alerts and incidents as clients give them over HTTP.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "core/event/error.h"
#include "core/event/json_input.h"

namespace tocsin {
namespace {

boost::json::value Json(const char* text) { return boost::json::parse(text); }

std::string FieldOf(const absl::Status& status) {
  EXPECT_EQ(ErrorCodeOf(status), ErrorCode::kInvalidMessage) << status;
  return ErrorDetailsOf(status).field;
}

TEST(JsonInputTest, EveryNameIsAFieldOfTheSchema) {
  for (const std::string_view name : AlertInputFields()) {
    EXPECT_NE(v1::Alert::descriptor()->FindFieldByName(std::string(name)), nullptr) << name;
  }
  for (const std::string_view name : IncidentInputFields()) {
    EXPECT_NE(v1::Incident::descriptor()->FindFieldByName(std::string(name)), nullptr) << name;
  }
}

TEST(JsonInputTest, AnAlertHasWhatIsTheSendersToSay) {
  const auto alert = ReadJsonAlert(
      Json(R"({"title":"t","severity":"p1","labels":{"a":"b"},"ends_at":"2026-01-02T03:04:05Z"})"),
      "");
  ASSERT_TRUE(alert.ok()) << alert.status();
  EXPECT_EQ(alert->severity(), v1::SEVERITY_P1);
  EXPECT_EQ(alert->labels().at("a"), "b");
  EXPECT_EQ(FieldOf(ReadJsonAlert(Json(R"({"deduplicated":true})"), "a").status()),
            "a.deduplicated");
  EXPECT_EQ(FieldOf(ReadJsonAlert(Json(R"({"nothing":1})"), "").status()), "nothing");
  EXPECT_EQ(FieldOf(ReadJsonAlert(Json("[]"), "a").status()), "a");
}

TEST(JsonInputTest, AnIncidentThatWasReadMayBeWrittenBack) {
  const auto value = Json(
      R"({"id":"i","title":"t","updated_at":"2026-01-02T03:04:05Z","notes":[],"actor":"ann"})");
  v1::Event event;
  const absl::Status status = ReadJsonIncident(value, "", /*pass_over_output=*/true, event);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(event.incident().id(), "i");
  EXPECT_EQ(event.actor(), "ann");
  EXPECT_FALSE(event.incident().has_updated_at());
  EXPECT_EQ(FieldOf(ReadJsonIncident(value, "", false, event)), "updated_at");
  EXPECT_EQ(FieldOf(ReadJsonIncident(Json(R"({"titel":"t"})"), "", true, event)), "titel");
  EXPECT_EQ(FieldOf(ReadJsonIncident(Json(R"({"actor":7})"), "", true, event)), "actor");
}

TEST(JsonInputTest, AnActionHasTheFieldsOfItsEvent) {
  const auto read = [](v1::EventType type, const char* body) {
    v1::Event event;
    event.set_type(type);
    const absl::Status status = ReadJsonAction(Json(body), "", event);
    EXPECT_TRUE(status.ok()) << status;
    return event;
  };
  const v1::Event comment =
      read(v1::EVENT_TYPE_COMMENT_ADDED, R"({"comment":"c","author":"a","actor":"b"})");
  EXPECT_EQ(comment.comment_added().comment(), "c");
  EXPECT_EQ(comment.comment_added().author(), "a");
  EXPECT_EQ(comment.actor(), "b");
  EXPECT_EQ(read(v1::EVENT_TYPE_INCIDENT_RESOLVED, R"({"root_cause":"r"})")
                .incident()
                .resolution()
                .root_cause(),
            "r");
  EXPECT_EQ(read(v1::EVENT_TYPE_ASSIGNMENT_CHANGED, R"({"assignees":["a","b"]})")
                .assignment_changed()
                .assignees_size(),
            2);
  EXPECT_EQ(read(v1::EVENT_TYPE_ESCALATED, R"({"to_severity":"p0"})").escalated().to_severity(),
            v1::SEVERITY_P0);
  v1::Event event;
  event.set_type(v1::EVENT_TYPE_ESCALATED);
  const absl::Status status = ReadJsonAction(Json(R"({"from_severity":"P1"})"), "", event);
  EXPECT_EQ(FieldOf(status), "from_severity");
  EXPECT_EQ(ErrorDetailsOf(status).allowed,
            (std::vector<std::string>{"to_severity", "reason", "actor"}));
}

v1::Event Known() {
  v1::Event event;
  v1::Incident& incident = *event.mutable_incident();
  incident.set_id("i");
  incident.set_title("before");
  incident.set_description("d");
  incident.set_severity(v1::SEVERITY_P2);
  (*incident.mutable_labels())["a"] = "1";
  (*incident.mutable_labels())["b"] = "2";
  incident.add_assignees("ann");
  incident.set_fingerprint("f");
  incident.mutable_resolution()->set_resolved_by("bob");
  incident.mutable_resolution()->set_notes("n");
  return event;
}

TEST(JsonInputTest, AMergePatchChangesWhatItNames) {
  v1::Event event = Known();
  const auto patch = Json(
      R"({"title":"after","description":null,"labels":{"a":null,"b":"3","c":"4"},
          "assignees":["bob","eve"],"fingerprint":null,
          "resolution":{"notes":null,"root_cause":"r"}})");
  ASSERT_TRUE(PatchJsonIncident(patch, "", event).ok());
  v1::Event known = Known();
  v1::Incident& expected = *known.mutable_incident();
  expected.set_title("after");
  expected.clear_description();
  expected.clear_fingerprint();
  expected.mutable_labels()->clear();
  (*expected.mutable_labels())["b"] = "3";
  (*expected.mutable_labels())["c"] = "4";
  expected.clear_assignees();
  expected.add_assignees("bob");
  expected.add_assignees("eve");
  expected.mutable_resolution()->clear_notes();
  expected.mutable_resolution()->set_root_cause("r");
  EXPECT_EQ(event.incident().DebugString(), expected.DebugString());
}

TEST(JsonInputTest, AMergePatchOfNullTakesTheWholeAway) {
  v1::Event event = Known();
  const auto patch = Json(R"({"labels":null,"resolution":null,"assignees":[]})");
  ASSERT_TRUE(PatchJsonIncident(patch, "", event).ok());
  EXPECT_TRUE(event.incident().labels().empty());
  EXPECT_FALSE(event.incident().has_resolution());
  EXPECT_EQ(event.incident().assignees_size(), 0);
  EXPECT_EQ(event.incident().title(), "before");
}

TEST(JsonInputTest, AMergePatchNamesWhatIsWrong) {
  const auto field = [](const char* patch) {
    v1::Event event = Known();
    return FieldOf(PatchJsonIncident(Json(patch), "", event));
  };
  EXPECT_EQ(field(R"({"id":"j"})"), "id");
  EXPECT_EQ(field(R"({"notes":[]})"), "notes");
  EXPECT_EQ(field(R"({"severity":"P9"})"), "severity");
  EXPECT_EQ(field(R"({"labels":{"a":1}})"), "labels[\"a\"]");
  EXPECT_EQ(field(R"({"labels":[]})"), "labels");
  EXPECT_EQ(field(R"({"resolution":{"by":"x"}})"), "resolution.by");
  EXPECT_EQ(field(R"({"assignees":"x"})"), "assignees");
  EXPECT_EQ(field("7"), "");
}

}  // namespace
}  // namespace tocsin
