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
  const auto value =
      Json(R"({"id":"i","title":"t","updated_at":"2026-01-02T03:04:05Z","notes":[]})");
  const auto incident = ReadJsonIncident(value, "", /*pass_over_output=*/true);
  ASSERT_TRUE(incident.ok()) << incident.status();
  EXPECT_EQ(incident->id(), "i");
  EXPECT_FALSE(incident->has_updated_at());
  EXPECT_EQ(FieldOf(ReadJsonIncident(value, "", false).status()), "updated_at");
  EXPECT_EQ(FieldOf(ReadJsonIncident(Json(R"({"titel":"t"})"), "", true).status()), "titel");
}

v1::Incident Known() {
  v1::Incident incident;
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
  return incident;
}

TEST(JsonInputTest, AMergePatchChangesWhatItNames) {
  v1::Incident incident = Known();
  const auto patch = Json(
      R"({"title":"after","description":null,"labels":{"a":null,"b":"3","c":"4"},
          "assignees":["bob","eve"],"fingerprint":null,
          "resolution":{"notes":null,"root_cause":"r"}})");
  ASSERT_TRUE(PatchJsonIncident(patch, "", incident).ok());
  v1::Incident expected = Known();
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
  EXPECT_EQ(incident.DebugString(), expected.DebugString());
}

TEST(JsonInputTest, AMergePatchOfNullTakesTheWholeAway) {
  v1::Incident incident = Known();
  ASSERT_TRUE(
      PatchJsonIncident(Json(R"({"labels":null,"resolution":null,"assignees":[]})"), "", incident)
          .ok());
  EXPECT_TRUE(incident.labels().empty());
  EXPECT_FALSE(incident.has_resolution());
  EXPECT_EQ(incident.assignees_size(), 0);
  EXPECT_EQ(incident.title(), "before");
}

TEST(JsonInputTest, AMergePatchNamesWhatIsWrong) {
  const auto field = [](const char* patch) {
    v1::Incident incident = Known();
    return FieldOf(PatchJsonIncident(Json(patch), "", incident));
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
