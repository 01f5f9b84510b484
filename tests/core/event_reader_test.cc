#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/value.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/event/error.h"
#include "core/event/json_reader.h"
#include "core/event/limits.h"
#include "tests/core/event_samples.h"

namespace tocsin {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

struct BadRow {
  std::string text;
  std::string field;
  const char* allowed;  // one of what is allowed; nullptr where nothing is listed
};

std::string Nested(size_t levels) {
  return absl::StrCat(std::string(levels, '['), std::string(levels, ']'));
}

absl::Status ParseOnly(std::string_view text) {
  boost::json::value value;
  return ParseJson(text, value);
}

TEST(ParseJsonTest, RefusesWhatIsNotStrictJson) {
  for (const char* text : {"",
                           " ",
                           "{",
                           "{}{}",
                           "{} x",
                           "{'a':1}",
                           "{\"a\":1,}",
                           "[1,]",
                           "{a:1}",
                           "nul",
                           "NaN",
                           "Infinity",
                           "-Infinity",
                           "01",
                           "1.",
                           ".5",
                           "+1",
                           "0x1",
                           "\"a",
                           "\"\n\"",
                           "// c\n1",
                           "/* c */ 1",
                           "\xef\xbb\xbf{}",
                           "\"\xff\"",
                           "\"\xc0\xaf\"",
                           "\"\xed\xa0\x80\"",
                           "\"\\ud800\"",
                           "\"\\udc00\\ud800\"",
                           "\"\\x41\"",
                           "1 2"}) {
    const absl::Status status = ParseOnly(text);
    EXPECT_EQ(Describe(status), "INVALID_MESSAGE ") << text;
    EXPECT_THAT(std::string(status.message()), HasSubstr("not JSON")) << text;
  }
}

TEST(ParseJsonTest, SaysWhereTheTextWentWrong) {
  EXPECT_THAT(std::string(ParseOnly("{\"a\" 1}").message()), HasSubstr("at byte"));
}

TEST(ParseJsonTest, DuplicateKeysAreAnError) {
  const BadRow rows[] = {
      {R"({"a":1,"a":1})", "a", nullptr},
      {R"({"a":1,"\u0061":2})", "a", nullptr},
      {R"({"filters":{"severities":["P0"],"severities":[]}})", "filters.severities", nullptr},
      {R"({"x":[{"a":1},{"b":[],"c":1,"b":2}]})", "x[1].b", nullptr},
      {R"([0,[],{"":1,"":2}])", "[2].", nullptr},
  };
  for (const BadRow& row : rows) {
    const absl::Status status = ParseOnly(row.text);
    EXPECT_EQ(Describe(status), "INVALID_MESSAGE " + row.field) << row.text;
    EXPECT_THAT(std::string(status.message()), HasSubstr("comes twice"));
  }
  EXPECT_TRUE(ParseOnly(R"([{"a":1},{"a":2,"b":{"a":3}}])").ok());
}

TEST(ParseJsonTest, NumbersThatAreNotFiniteAreAnError) {
  for (const char* text : {"3E488", "-3E488", "1e400", "1e99999999999999999999"}) {
    const absl::Status status = ParseOnly(absl::StrCat("{\"x\":", text, "}"));
    EXPECT_EQ(ErrorCodeOf(status), ErrorCode::kInvalidMessage) << text;
  }
  EXPECT_TRUE(ParseOnly("[1e308, 1e-400, 18446744073709551615, 184467440737095516150]").ok());
}

TEST(ParseJsonTest, DepthIsBounded) {
  EXPECT_TRUE(ParseOnly(Nested(limits::kJsonDepth)).ok());
  const absl::Status status = ParseOnly(Nested(limits::kJsonDepth + 1));
  EXPECT_EQ(ErrorCodeOf(status), ErrorCode::kInvalidMessage);
  EXPECT_THAT(std::string(status.message()), HasSubstr("at most 32"));
  EXPECT_FALSE(ParseOnly(std::string(1'000'000, '[')).ok());
}

TEST(ReadJsonEventTest, ReadsAPlainPublish) {
  const absl::StatusOr<v1::Event> event = ReadJsonEvent(R"({
    "type": "Escalated", "incident_id": "i", "to_severity": "p0", "reason": "r",
    "actor": "ada", "priority": "high"})");
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->type(), v1::EVENT_TYPE_ESCALATED);
  EXPECT_EQ(event->escalated().incident_id(), "i");
  EXPECT_EQ(event->escalated().to_severity(), v1::SEVERITY_P0);
  EXPECT_EQ(event->priority(), v1::PRIORITY_HIGH);
}

TEST(ReadJsonEventTest, IncidentIdStandsInForTheIncident) {
  for (const char* type :
       {"incident_created", "incident_updated", "incident_resolved", "incident_closed"}) {
    const absl::StatusOr<v1::Event> event = ReadJsonEvent(
        absl::StrCat(R"({"event_type":")", type, R"(","incident_id":")", kIncidentId, R"("})"));
    ASSERT_TRUE(event.ok()) << event.status();
    EXPECT_EQ(event->incident().id(), kIncidentId);
  }
}

TEST(ReadJsonEventTest, NullIsAsIfLeftOut) {
  const absl::StatusOr<v1::Event> event = ReadJsonEvent(R"({"type":"incident_created","id":null,
    "incident_id":null,"incident":{"title":"t","labels":null,"resolution":null,"state":null}})");
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->incident().title(), "t");
  EXPECT_FALSE(event->incident().has_resolution());
}

TEST(ReadJsonEventTest, WhatTheHubGivesIsIgnored) {
  const absl::StatusOr<v1::Event> event =
      ReadJsonEvent(R"({"type":"system_event","sequence":9,"epoch":1,"time":"x","cursor":"c",
                        "message_id":"m","timestamp":3,"category":"k"})");
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->sequence(), 0u);
  EXPECT_EQ(event->cursor(), "");
  EXPECT_EQ(event->system_event().category(), "k");
}

TEST(ReadJsonEventTest, ErrorsNameTheFieldAndWhatIsAllowed) {
  const BadRow rows[] = {
      {"[]", "", "an object"},
      {"{}", "type", "comment_added"},
      {R"({"type":"incident_craeted"})", "type", "incident_created"},
      {R"({"type":3})", "type", "incident_created"},
      {R"({"type":null})", "type", "incident_created"},
      {R"({"event_type":"x"})", "event_type", "incident_created"},
      {R"({"type":"escalated","event_type":"comment_added"})", "event_type", "escalated"},
      {R"({"type":"escalated","too":1})", "too", "to_severity"},
      {R"({"type":"escalated","severity":"P0"})", "severity", "to_severity"},
      {R"({"type":"escalated","to_severity":"P9"})", "to_severity", "P4"},
      {R"({"type":"escalated","to_severity":1})", "to_severity", "P4"},
      {R"({"type":"escalated","reason":1})", "reason", "a text"},
      {R"({"type":"incident_created","alert":{}})", "alert", "incident"},
      {R"({"type":"incident_created","incident":"x"})", "incident", "an object"},
      {R"({"type":"incident_created","incident":{"sevrity":"P0"}})", "incident.sevrity",
       "severity"},
      {R"({"type":"incident_created","incident":{"created_at":1}})", "incident.created_at",
       nullptr},
      {R"({"type":"incident_created","incident":{"created_at":"2026"}})", "incident.created_at",
       nullptr},
      {R"({"type":"incident_created","incident":{"labels":[]}})", "incident.labels", "an object"},
      {R"({"type":"incident_created","incident":{"labels":{"a":1}}})", R"(incident.labels["a"])",
       "a text"},
      {R"({"type":"incident_created","incident":{"labels":{"a":null}}})", R"(incident.labels["a"])",
       "a text"},
      {R"({"type":"incident_created","incident":{"assignees":"ada"}})", "incident.assignees",
       "a list"},
      {R"({"type":"incident_created","incident":{"assignees":["ada",2]}})", "incident.assignees[1]",
       "a text"},
      {R"({"type":"incident_created","incident":{"notes":[{"idd":""}]}})", "incident.notes[0].idd",
       "content"},
      {R"({"type":"incident_created","incident":{"correlation_score":"1"}})",
       "incident.correlation_score", "a number"},
      {R"({"type":"incident_resolved","incident":{"resolution":{"resolution_method":"x"}}})",
       "incident.resolution.resolution_method", "AutoAssistedManual"},
      {R"({"type":"incident_closed","incident_id":"a","incident":{"id":"b"}})", "incident_id", "b"},
      {R"({"type":"incident_closed","incident_id":1})", "incident_id", "a text"},
      {R"({"type":"playbook_completed","success":"yes"})", "success", "true or false"},
      {R"({"type":"playbook_completed","actions_executed":-1})", "actions_executed", nullptr},
      {R"({"type":"playbook_completed","actions_executed":4294967296})", "actions_executed",
       nullptr},
      {R"({"type":"playbook_completed","actions_executed":1.5})", "actions_executed", nullptr},
      {R"({"type":"playbook_completed","actions_executed":99999999999999999999})",
       "actions_executed", nullptr},
      {R"({"type":"alert_received","alert":{"severity":"P5"}})", "alert.severity", "P4"},
      {R"({"type":"alert_received","incident_id":"x"})", "incident_id", "alert"},
  };
  for (const BadRow& row : rows) {
    const absl::Status status = ReadJsonEvent(row.text).status();
    EXPECT_EQ(Describe(status), "INVALID_MESSAGE " + row.field) << row.text;
    EXPECT_THAT(std::string(status.message()), HasSubstr(row.field)) << row.text;
    const ErrorDetails details = ErrorDetailsOf(status);
    EXPECT_FALSE(details.allowed.empty()) << row.text << " " << status;
    if (row.allowed != nullptr) {
      EXPECT_THAT(details.allowed, Contains(row.allowed)) << row.text;
    }
  }
}

TEST(ReadJsonEventTest, WholeNumbersMayBeWrittenAsDoubles) {
  const absl::StatusOr<v1::Event> event =
      ReadJsonEvent(R"({"type":"playbook_completed","actions_executed":3.0})");
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->playbook_completed().actions_executed(), 3u);
}

TEST(ReadJsonEventTest, PathBeginsAsGiven) {
  boost::json::value value;
  ASSERT_TRUE(ParseJson(R"({"type":"escalated","x":1})", value).ok());
  EXPECT_EQ(Describe(ReadJsonEvent(value, "events[3]").status()), "INVALID_MESSAGE events[3].x");
}

TEST(ReadJsonFilterTest, ErrorsNameTheFieldAndWhatIsAllowed) {
  const BadRow rows[] = {
      {"[]", "filters", "an object"},
      {R"("P0")", "filters", "an object"},
      {R"({"severity":["P0"]})", "filters.severity", "severities"},
      {R"({"severities":"P0"})", "filters.severities", "a list"},
      {R"({"severities":["P0","critical"]})", "filters.severities[1]", "P0"},
      {R"({"severities":[null]})", "filters.severities[0]", "P0"},
      {R"({"severities":[""]})", "filters.severities[0]", "P0"},
      {R"({"severities":["SEVERITY_UNSPECIFIED"]})", "filters.severities[0]", "P0"},
      {R"({"states":["Open"]})", "filters.states[0]", "Triaged"},
      {R"({"event_types":["*"]})", "filters.event_types[0]", "system_event"},
      {R"({"sources":[1]})", "filters.sources[0]", "a text"},
      {R"({"labels":["env"]})", "filters.labels", "an object"},
      {R"({"labels":{"env":["a"]}})", R"(filters.labels["env"])", "a text"},
      {R"({"active_only":"true"})", "filters.active_only", "true or false"},
      {R"({"incident_ids":{}})", "filters.incident_ids", "a list"},
  };
  for (const BadRow& row : rows) {
    const absl::Status status = ReadJsonFilter(row.text, "filters").status();
    EXPECT_EQ(Describe(status), "INVALID_FILTER " + row.field) << row.text;
    EXPECT_THAT(ErrorDetailsOf(status).allowed, Contains(row.allowed)) << row.text;
  }
}

}  // namespace
}  // namespace tocsin
