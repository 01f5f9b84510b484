#include "bridge/events/event_query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "core/event/error.h"
#include "core/http/problem.h"
#include "tests/core/event_samples.h"

namespace tocsin::bridge {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<EventQuery> Read(std::string_view query, std::vector<http::Field> fields = {}) {
  http::HttpRequest request;
  request.method = "GET";
  request.target = absl::StrCat("/v1/events", query.empty() ? "" : "?", std::string(query));
  request.fields = std::move(fields);
  return ReadEventQuery(request);
}

v1::Filter FilterOf(std::string_view query) {
  const auto read = Read(query);
  EXPECT_TRUE(read.ok()) << read.status();
  return read.ok() ? read->filter->clauses().front().proto() : v1::Filter();
}

TEST(EventQueryTest, WithoutParametersIsEverythingFromThePresentEnd) {
  for (const char* query : {"", "&", "&&"}) {
    const auto read = Read(query);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->filter->key(), Filter::MatchAll()->key());
    EXPECT_FALSE(read->start.has_value());
    EXPECT_TRUE(read->notify_on_gap);
  }
}

TEST(EventQueryTest, EveryFieldOfAFilterHasAParameter) {
  const v1::Filter filter = FilterOf(
      "event_types=incident_created,Escalated&severities=P0,p1&states=Triaged&sources=a%20b,c+d"
      "&affected_resources=api&labels.env=production&labels.team=a,b=c&active_only=true"
      "&incident_ids=0190b6a5-7c1e-7000-8000-000000000001");
  v1::Filter expected;
  for (const v1::EventType type : {v1::EVENT_TYPE_INCIDENT_CREATED, v1::EVENT_TYPE_ESCALATED}) {
    expected.add_event_types(type);
  }
  expected.add_severities(v1::SEVERITY_P0);
  expected.add_severities(v1::SEVERITY_P1);
  expected.add_states(v1::INCIDENT_STATE_TRIAGED);
  expected.add_sources("a b");
  expected.add_sources("c d");
  expected.add_affected_resources("api");
  (*expected.mutable_labels())["env"] = "production";
  (*expected.mutable_labels())["team"] = "a,b=c";
  expected.add_incident_ids(kIncidentId);
  expected.set_active_only(true);
  EXPECT_EQ(filter.ShortDebugString(),
            Filter::Compile(expected).value()->clauses().front().proto().ShortDebugString());
  for (int i = 0; i < v1::Filter::descriptor()->field_count(); ++i) {
    const auto& field = *v1::Filter::descriptor()->field(i);
    const auto& reflection = *filter.GetReflection();
    EXPECT_TRUE(field.is_repeated() ? reflection.FieldSize(filter, &field) > 0
                                    : reflection.HasField(filter, &field))
        << field.name() << " has no parameter";
  }
}

// What URLSearchParams and other writers of forms make of a comma.
TEST(EventQueryTest, ACommaMayBeEncoded) {
  EXPECT_THAT(FilterOf("severities=P0%2CP1").severities(), ElementsAre(1, 2));
}

TEST(EventQueryTest, AParameterMayComeTwiceAndACommaMayBeOfTheValue) {
  EXPECT_THAT(FilterOf("sources=a&sources=b,c").sources(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(FilterOf(R"(sources=a\,b,c\\,d\e)").sources(), ElementsAre("a,b", R"(c\)", R"(d\e)"));
}

TEST(EventQueryTest, TheHeaderIsNewerThanTheParameter) {
  const Cursor cursor{0xabc, 7};
  EXPECT_EQ(Read("resume_from=abc-7")->start, StartPoint(cursor));
  EXPECT_EQ(Read("", {{"Last-Event-ID", "abc-7"}})->start, StartPoint(cursor));
  EXPECT_EQ(Read("resume_from=abc-1", {{"last-event-id", "abc-7"}})->start, StartPoint(cursor));
  EXPECT_EQ(Read("resume_from=abc-7", {{"Last-Event-ID", ""}})->start, StartPoint(cursor));
  EXPECT_EQ(Read("resume_from=earliest")->start, StartPoint(Earliest{}));
  EXPECT_EQ(Read("resume_from=2026-01-02T03:04:05+01:00")->start,
            Read("resume_from=2026-01-02T02%3A04%3A05Z")->start);
}

TEST(EventQueryTest, OnGapIsNotifyOrFail) {
  EXPECT_TRUE(Read("on_gap=notify")->notify_on_gap);
  EXPECT_FALSE(Read("on_gap=fail")->notify_on_gap);
}

TEST(EventQueryTest, LeavesAreToldWhereTheyAreAskedFor) {
  EXPECT_FALSE(Read("")->leaves);
  EXPECT_FALSE(Read("leaves=false")->leaves);
  EXPECT_TRUE(Read("leaves=true&severities=P0")->leaves);
}

struct Wrong {
  const char* query;
  const char* field;
  const char* allowed;  // one of what is
};

TEST(EventQueryTest, WhatIsWrongIsNamedWithWhatIsAllowed) {
  for (const Wrong& wrong : std::vector<Wrong>{
           {"severity=P0", "severity", "severities"},
           {"token=secret", "token", "resume_from"},
           {"severities=P0,P9", "severities", "P4"},
           {"event_types=incident", "event_types", "incident_created"},
           {"states=Open", "states", "Detected"},
           {"active_only=yes", "active_only", "true"},
           {"on_gap=skip", "on_gap", "notify"},
           {"snapshot=yes", "snapshot", "true"},
           {"snapshot=true&resume_from=latest", "resume_from",
            "nothing with snapshot: the changes begin where the snapshot was made"},
           {"priority=yes", "priority", "true"},
           {"priority=true&latest_only=true", "priority", ""},
           {"priority=true&leaves=true", "priority", ""},
           {"priority=true&snapshot=true", "priority", ""},
           {"resume_from=pabc-1.abc-2.00000000", "resume_from", ""},
           {"latest_only=yes", "latest_only", "true"},
           {"leaves=yes", "leaves", "true"},
           {"resume_from=nonsense", "resume_from", ""},
           {"resume_from=abc-1&resume_from=abc-2", "resume_from", ""},
           {"labels.env=a&labels.env=b", "labels.env", ""},
           {"severities=", "severities", ""},
           {"severities", "severities", ""},
           {"incident_ids=7", "incident_ids[0]", ""},
           {"sources=%zz", "sources", ""},
           {"sources=%2z", "sources", ""},
           {"sources=%e9", "sources", ""},
           {"%f", "\"%f\"", "sources"},
       }) {
    const absl::Status status = Read(wrong.query).status();
    const ErrorDetails details = ErrorDetailsOf(status);
    EXPECT_EQ(http::ProblemResponse(status).status, 400) << wrong.query;
    EXPECT_EQ(details.field, wrong.field) << wrong.query << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(wrong.field)) << wrong.query;
    if (*wrong.allowed != 0) {
      EXPECT_THAT(details.allowed, Contains(wrong.allowed)) << wrong.query;
    }
  }
  EXPECT_EQ(ErrorDetailsOf(Read("", {{"Last-Event-ID", "x y"}}).status()).field, "Last-Event-ID");
}

std::optional<EventFormat> Accepted(const char* accept) {
  http::HttpRequest request;
  if (accept != nullptr) {
    request.fields.push_back({"Accept", accept});
  }
  return AcceptedEventFormat(request);
}

TEST(AcceptedEventFormatTest, IsWhatTheClientWouldRatherHave) {
  for (const char* accept :
       {static_cast<const char*>(nullptr), "*/*", "text/event-stream", "TEXT/Event-Stream",
        "text/*", "text/html, text/event-stream;q=0.5",
        "application/x-ndjson;q=0.5, text/event-stream", "application/x-ndjson;q=0, */*;q=0.1",
        "text/event-stream, application/x-ndjson"}) {
    EXPECT_EQ(Accepted(accept), EventFormat::kServerSent) << accept;
  }
  for (const char* accept :
       {"application/x-ndjson", "application/*",
        "application/x-ndjson; q=0.9, text/event-stream;q=0.8", "*/*, text/event-stream;q=0"}) {
    EXPECT_EQ(Accepted(accept), EventFormat::kJsonLines) << accept;
  }
  for (const char* accept :
       {"application/json", "text/html", "text/event-stream;q=0", "nonsense"}) {
    EXPECT_EQ(Accepted(accept), std::nullopt) << accept;
  }
}

}  // namespace
}  // namespace tocsin::bridge
