// PagerDuty's events, and what they are answered.
#include "bridge/alerts/pagerduty.h"

#include <gmock/gmock.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "bridge/alerts/alert_answers.h"
#include "core/event/error.h"
#include "core/event/field_path.h"
#include "core/event/text.h"
#include "core/event/validate.h"
#include "tests/bridge/alert_bodies.h"

namespace tocsin::bridge {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kPagerDutyBody;
using testing::kPagerDutyChange;
using testing::kPagerDutyResolve;

constexpr char kRoutingKey[] = "samplekeyhere-samplekeyhere-1234";

class PagerDutyTest : public ::testing::Test {
 protected:
  PagerDutyAlert Read(std::string_view body, std::string_view key = "") {
    return ReadPagerDutyAlert(body, key, {mapping, absl::UnixEpoch()});
  }
  v1::Alert Alert(std::string_view body) {
    const PagerDutyAlert read = Read(body);
    EXPECT_THAT(read.errors, IsEmpty());
    return read.request.alert();
  }
  static std::string With(std::string_view from, std::string_view to) {
    return absl::StrReplaceAll(kPagerDutyBody, {{std::string(from), std::string(to)}});
  }

  AlertMapping mapping;
};

TEST_F(PagerDutyTest, ATriggerIsAFiringAlert) {
  const PagerDutyAlert read = Read(kPagerDutyBody);
  ASSERT_THAT(read.errors, IsEmpty());
  EXPECT_TRUE(read.request.state_report());
  EXPECT_EQ(read.dedup_key, "disk-on-host1");
  const v1::Alert& alert = read.request.alert();
  EXPECT_EQ(alert.status(), v1::ALERT_STATUS_FIRING);
  EXPECT_EQ(alert.source(), "pagerduty");
  EXPECT_EQ(alert.title(), "Example alert on host1.example.com");
  EXPECT_EQ(alert.severity(), v1::SEVERITY_P1);
  EXPECT_EQ(alert.alert_type(), v1::INCIDENT_TYPE_PERFORMANCE) << "by its class";
  EXPECT_THAT(alert.affected_services(), ElementsAre("host1.example.com", "postgres"));
  EXPECT_EQ(alert.labels().at("group"), "prod-datapipe");
  EXPECT_EQ(alert.annotations().at("ping time"), "1500ms");
  EXPECT_EQ(alert.annotations().at("load avg"), "0.750");
  EXPECT_EQ(alert.annotations().at("tags"), R"(["a",2e0])");
  EXPECT_EQ(alert.annotations().at("trace"), "18446744073709551617");
  EXPECT_EQ(alert.annotations().at("link"), "Log: https://example.com/a");
  EXPECT_EQ(alert.annotations().at("link_2"), "https://example.com/b");
  EXPECT_EQ(alert.annotations().at("image"), "Chart: https://img.example/1.png");
  EXPECT_EQ(alert.annotations().at("client"), "Monitor");
}

TEST_F(PagerDutyTest, AcknowledgeAndResolveNeedNoPayload) {
  const v1::Alert resolve = Alert(kPagerDutyResolve);
  EXPECT_EQ(resolve.status(), v1::ALERT_STATUS_RESOLVED);
  EXPECT_EQ(resolve.fingerprint(), Alert(kPagerDutyBody).fingerprint());
  EXPECT_EQ(resolve.title(), "disk-on-host1");
  const v1::Alert acknowledge =
      Alert(absl::StrReplaceAll(kPagerDutyResolve, {{"resolve", "acknowledge"}}));
  EXPECT_EQ(acknowledge.status(), v1::ALERT_STATUS_ACKNOWLEDGED);
}

TEST_F(PagerDutyTest, TheRoutingKeyTellsAlertsApartAndIsNowhereInThem) {
  const v1::Alert alert = Alert(kPagerDutyBody);
  EXPECT_THAT(alert.DebugString(), Not(HasSubstr(kRoutingKey)));
  EXPECT_NE(alert.fingerprint(), Alert(With("samplekeyhere-", "anotherkey---")).fingerprint());
  EXPECT_THAT(ReadPagerDutyChange(kPagerDutyChange, "").event.DebugString(),
              Not(HasSubstr(kRoutingKey)));
  for (const std::string& error :
       Read(absl::StrCat("{\"routing_key\":\"", kRoutingKey, "\"}")).errors) {
    EXPECT_THAT(error, Not(HasSubstr(kRoutingKey)));
  }
}

TEST_F(PagerDutyTest, TheRoutingKeyMayBeInTheHeader) {
  const std::string without = With(absl::StrCat("\"routing_key\": \"", kRoutingKey, "\","), "");
  EXPECT_THAT(Read(without).errors, ElementsAre("'routing_key' is missing or blank"));
  const PagerDutyAlert read = Read(without, kRoutingKey);
  EXPECT_THAT(read.errors, IsEmpty());
  EXPECT_EQ(read.request.alert().fingerprint(), Alert(kPagerDutyBody).fingerprint());
}

TEST_F(PagerDutyTest, ATriggerWithoutKeyIsGivenOneThatItsRetryHasToo) {
  const std::string without = With("\"dedup_key\": \"disk-on-host1\",", "");
  const PagerDutyAlert first = Read(without);
  EXPECT_THAT(first.errors, IsEmpty());
  EXPECT_EQ(first.dedup_key.size(), 36u);
  EXPECT_EQ(first.dedup_key, Read(without).dedup_key);
  EXPECT_NE(first.dedup_key,
            Read(absl::StrReplaceAll(without, {{"08:42:58", "08:42:59"}})).dedup_key);
}

// A page is never lost for being long.
TEST_F(PagerDutyTest, ALongSummaryIsCutAndKeptWhole) {
  std::string faces;
  for (int i = 0; i < 10'000; ++i) faces += "\U0001F525";
  for (const std::string& summary : {std::string(1025, 'x'), std::string(10'000, 'x'), faces}) {
    const v1::Alert alert = Alert(With("Example alert on host1.example.com", summary));
    EXPECT_EQ(CharCount(alert.title()), 500u);
    EXPECT_EQ(alert.description(), summary);
  }
}

// By a sender's clock that is ahead, a resolve without a time would be older than its trigger.
TEST_F(PagerDutyTest, EventsCountInTheOrderInWhichTheyCome) {
  const v1::Alert alert = Alert(kPagerDutyBody);
  EXPECT_FALSE(alert.has_timestamp());
  EXPECT_EQ(alert.annotations().at("timestamp"), "2026-03-01T08:42:58.315+0000");
}

// With an id of its content a trigger after a resolve would be taken for a retry of the one before.
TEST_F(PagerDutyTest, AnEventHasNoIdOfItsContent) {
  EXPECT_TRUE(Alert(kPagerDutyBody).id().empty());
}

TEST_F(PagerDutyTest, EachThingThatIsMissingIsNamed) {
  EXPECT_THAT(Read(R"({"event_action":"trigger","payload":{}})").errors,
              ElementsAre(HasSubstr("routing_key"), HasSubstr("payload.summary"),
                          HasSubstr("payload.source"), HasSubstr("payload.severity")));
  EXPECT_THAT(Read(R"({"routing_key":"k","event_action":"trigger"})").errors,
              ElementsAre("'payload' is missing"));
  EXPECT_THAT(Read(R"({"routing_key":"k","event_action":"resolve"})").errors,
              ElementsAre(HasSubstr("dedup_key")));
  EXPECT_THAT(Read(R"({"routing_key":"k"})").errors, ElementsAre(HasSubstr("event_action")));
  EXPECT_THAT(Read(With("\"error\"", "\"P1\"")).errors,
              ElementsAre(HasSubstr("critical, error, info, warning")));
  EXPECT_THAT(Read(With("disk-on-host1", std::string(256, 'k'))).errors,
              ElementsAre(HasSubstr("256 characters")));
  EXPECT_THAT(Read("[]").errors, ElementsAre(HasSubstr("an object")));
  EXPECT_THAT(Read("{").errors, ElementsAre(HasSubstr("not JSON")));
}

TEST_F(PagerDutyTest, TheConfigurationAddsSeverities) {
  AlertMappingFlags flags;
  flags.severities = {"pagerduty:sev1=P0"};
  mapping = *AlertMapping::From(flags);
  EXPECT_EQ(Alert(With("\"error\"", "\"Sev1\"")).severity(), v1::SEVERITY_P0);
}

TEST_F(PagerDutyTest, AChangeIsASystemEvent) {
  PagerDutyChange read = ReadPagerDutyChange(kPagerDutyChange, "");
  ASSERT_THAT(read.errors, IsEmpty());
  EXPECT_TRUE(NormalizeEvent(read.event, FieldPath("event")).ok());
  const v1::SystemEvent& change = read.event.system_event();
  EXPECT_EQ(change.category(), "change");
  EXPECT_EQ(change.message(), "Build Success: timeout is 30 seconds now");
  EXPECT_EQ(change.metadata().at("source"), "build-pipeline");
  EXPECT_EQ(change.metadata().at("build_number"), "2");
  EXPECT_EQ(change.metadata().at("link"), "More: https://acme.example/build/2");
  EXPECT_EQ(read.event.id(), ReadPagerDutyChange(kPagerDutyChange, "").event.id())
      << "a retry is the same";
  EXPECT_THAT(ReadPagerDutyChange(R"({"routing_key":"k","payload":{}})", "").errors,
              ElementsAre(HasSubstr("payload.summary")));
}

// ---- answers ----

TEST_F(PagerDutyTest, AnswersHavePagerDutysShapes) {
  const http::HttpResponse taken = AnswerPagerDuty(absl::OkStatus(), "k");
  EXPECT_EQ(taken.status, 202);
  EXPECT_EQ(taken.body, R"({"status":"success","message":"Event processed","dedup_key":"k"})"
                        "\n");
  EXPECT_EQ(AnswerPagerDutyErrors({"e"}).status, 400);
  EXPECT_EQ(AnswerPagerDutyErrors({"e"}).body,
            R"({"status":"invalid event","message":"Event object is invalid","errors":["e"]})"
            "\n");
  const http::HttpResponse limit =
      AnswerPagerDuty(MakeError(ErrorCode::kRateLimitExceeded, "slow down"), "k");
  EXPECT_EQ(limit.status, 429);
  EXPECT_TRUE(absl::StrContains(limit.body, "throttle exceeded"));
  EXPECT_EQ(limit.fields.front().name, "Retry-After");
  EXPECT_EQ(AnswerPagerDuty(MakeError(ErrorCode::kServiceUnavailable, "away"), "k").status, 503);
  EXPECT_EQ(AnswerPagerDuty(MakeError(ErrorCode::kUnsupported, "old hub"), "k").status, 503);
  EXPECT_EQ(AnswerPagerDuty(MakeError(ErrorCode::kInvalidMessage, "bad"), "k").status, 400);
  EXPECT_EQ(AnswerPagerDuty(MakeError(ErrorCode::kMessageTooLarge, "big"), "k").status, 413);
}

class GroupAnswerTest : public ::testing::Test {
 protected:
  static AlertIntake::Outcome Taken(bool duplicate = false) {
    v1::SubmitAlertResponse response;
    response.set_duplicate(duplicate);
    return response;
  }
  static absl::Status Bad(std::string_view field) {
    return FieldError(ErrorCode::kInvalidMessage, field, "is wrong");
  }

  AlertBatch batch;
};

TEST_F(GroupAnswerTest, WhatIsLeftOutIsToldInA200) {
  batch.places = {0, 2, 3};
  batch.left_out = {{1, Bad("alerts[1].labels")}};
  batch.truncated = 5;
  const GroupAnswer answer = AnswerGroup(batch, {Taken(), Bad("title"), Taken(true)});
  EXPECT_EQ(answer.response.status, 200);
  EXPECT_EQ(answer.response.body,
            R"({"status":"success","taken":1,"duplicates":1,"left_out":2,"truncated":5,)"
            R"("problems":[{"alert":1,"field":"alerts[1].labels","detail":"alerts[1].labels is )"
            R"(wrong"},{"alert":2,"field":"alerts[2].title","detail":"alerts[2].title is wrong"}]})"
            "\n");
}

TEST_F(GroupAnswerTest, OneThatMaySucceedLaterMakesItAllA503) {
  batch.places = {0, 1};
  for (const ErrorCode code :
       {ErrorCode::kServiceUnavailable, ErrorCode::kRateLimitExceeded, ErrorCode::kUnsupported}) {
    const GroupAnswer answer = AnswerGroup(batch, {Taken(), MakeError(code, "later")});
    EXPECT_EQ(answer.response.status, 503) << "429 would be final to the sender";
    EXPECT_EQ(answer.response.fields.front().name, "Retry-After");
    EXPECT_EQ(answer.counts.taken, 0u);
  }
  EXPECT_EQ(AnswerGroupError(MakeError(ErrorCode::kRateLimitExceeded, "later")).status, 503);
}

TEST_F(GroupAnswerTest, NothingThatCanEverBeTakenIsA4xx) {
  batch.left_out = {{0, Bad("alerts[0].labels")}, {1, Bad("alerts[1].labels")}};
  const GroupAnswer answer = AnswerGroup(batch, {});
  EXPECT_EQ(answer.response.status, 400);
  EXPECT_TRUE(absl::StrContains(answer.response.body, "none of the 2 alerts can be taken"));
  EXPECT_TRUE(absl::StrContains(answer.response.body, R"("field":"alerts[0].labels")"));
  batch.left_out.clear();
  EXPECT_EQ(AnswerGroup(batch, {}).response.status, 200) << "an empty list is none";
}

TEST_F(GroupAnswerTest, OfManyThatAreLeftOutTheFirstAreTold) {
  batch.places = {0};
  for (size_t i = 1; i < 1000; ++i) batch.left_out.push_back({i, Bad("alerts")});
  const GroupAnswer answer = AnswerGroup(batch, {Taken()});
  EXPECT_EQ(answer.counts.left_out, 999u);
  EXPECT_LT(answer.response.body.size(), 4096u);
}

}  // namespace
}  // namespace tocsin::bridge
