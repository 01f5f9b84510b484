// POST /v1/alerts before a hub whose answers the test chooses.
#include "core/event/error.h"
#include "core/event/uuid.h"
#include "tests/bridge/rest_fixture.h"

namespace tocsin::bridge {
namespace {

constexpr char kAlert[] =
    R"({"title":"Disk full","severity":"P0","source":"test","alert_type":"availability"})";

class SubmitAlertTest : public testing::RestTest {
 protected:
  SubmitAlertTest() {
    hub.submit.answer = [this](const v1::SubmitAlertsRequest& request,
                               v1::SubmitAlertsResponse& response) {
      for (const v1::SubmitAlertRequest& each : request.alerts()) {
        v1::SubmitAlertOutcome& added = *response.add_outcomes();
        added = outcome;
        if (added.has_response()) added.mutable_response()->set_alert_id(each.alert().id());
      }
      return grpc::Status::OK;
    };
    outcome.mutable_response()->set_incident_id("i");
    outcome.mutable_response()->set_opened(true);
  }
  const v1::SubmitAlertRequest& Sent(size_t call = 0) {
    return hub.submit.requests.at(call).alerts(0);
  }

  v1::SubmitAlertOutcome outcome;
};

TEST_F(SubmitAlertTest, AnAlertIsAcceptedAndAnsweredWithItsIncident) {
  const Answer answer = Post("/v1/alerts", kAlert);
  EXPECT_EQ(answer.status, 202);
  EXPECT_TRUE(IsUuid(answer.Text("alert_id")));
  EXPECT_EQ(answer.Text("incident_id"), "i");
  EXPECT_EQ(answer.Text("status"), "accepted");
  EXPECT_EQ(answer.Text("message"), "the alert has opened an incident");
  EXPECT_EQ(answer.Header("Location"), "/v1/incidents/i");
  EXPECT_EQ(Sent().alert().title(), "Disk full");
  EXPECT_EQ(Sent().alert().severity(), v1::SEVERITY_P0);
  EXPECT_EQ(Sent().alert().alert_type(), v1::INCIDENT_TYPE_AVAILABILITY);
  EXPECT_FALSE(Sent().state_report());
}

TEST_F(SubmitAlertTest, WithoutAnIncidentThereIsNone) {
  outcome.mutable_response()->clear_incident_id();
  outcome.mutable_response()->clear_opened();
  const Answer answer = Post("/v1/alerts", kAlert);
  EXPECT_TRUE(answer.Json().at("incident_id").is_null());
  EXPECT_EQ(answer.Header("Location"), "");
}

TEST_F(SubmitAlertTest, AKeyMakesARetryTheSameAlert) {
  outcome.mutable_response()->set_duplicate(true);
  const Answer answer = Post("/v1/alerts", kAlert, {{"Idempotency-Key", "k 1"}});
  EXPECT_EQ(answer.Text("status"), "duplicate");
  Post("/v1/alerts", kAlert, {{"idempotency-key", "k 1"}});
  Post("/v1/alerts", kAlert, {{"Idempotency-Key", "k 2"}});
  const std::string id = Sent(0).alert().id();
  EXPECT_TRUE(IsUuid(id));
  EXPECT_EQ(id[14], '8') << "version";
  EXPECT_EQ(Sent(1).alert().id(), id);
  EXPECT_NE(Sent(2).alert().id(), id);
  constexpr char kId[] = "0190b6a5-7c1e-7000-8000-000000000001";
  Post("/v1/alerts",
       absl::StrCat(R"({"id":")", kId, R"(","title":"t","severity":"P1","source":"s"})"),
       {{"Idempotency-Key", "k 1"}});
  EXPECT_EQ(Sent(3).alert().id(), kId) << "the body's own id stays";
}

TEST_F(SubmitAlertTest, AKeyIsOneTextOf255Characters) {
  const std::string longest(255, 'k');
  EXPECT_EQ(Post("/v1/alerts", kAlert, {{"Idempotency-Key", longest}}).status, 202);
  for (const Fields& fields :
       {Fields{{"Idempotency-Key", longest + "k"}}, Fields{{"Idempotency-Key", ""}},
        Fields{{"Idempotency-Key", "a"}, {"Idempotency-Key", "a"}}}) {
    const Answer answer = Post("/v1/alerts", kAlert, fields);
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.Text("field"), "Idempotency-Key");
  }
}

TEST_F(SubmitAlertTest, ABadBodyNamesItsField) {
  const auto field = [&](std::string_view body) {
    const Answer answer = Post("/v1/alerts", body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(answer.Text("code"), "INVALID_MESSAGE");
    return answer.Text("field");
  };
  EXPECT_EQ(field(R"({"severity":"P9"})"), "severity");
  EXPECT_EQ(field(R"({"titel":"x"})"), "titel");
  EXPECT_EQ(field(R"({"labels":{"a":1}})"), "labels[\"a\"]");
  EXPECT_EQ(field(R"({"received_at":"2026-01-01T00:00:00Z"})"), "received_at")
      << "the hub's to set";
  EXPECT_EQ(field(R"({"title":"a","title":"b"})"), "title");
  EXPECT_EQ(field(R"({"severity":"P0","source":"s"})"), "title");
  EXPECT_EQ(field("{"), "");
  EXPECT_EQ(field("[]"), "");
  EXPECT_EQ(Ask("POST", "/v1/alerts", kAlert, {{"Content-Type", "text/plain"}}).status, 415);
  EXPECT_TRUE(hub.submit.requests.empty());
}

TEST_F(SubmitAlertTest, TheHubsErrorNamesTheBodysField) {
  outcome.mutable_error()->set_status_code(static_cast<int>(absl::StatusCode::kInvalidArgument));
  outcome.mutable_error()->set_reason("INVALID_MESSAGE");
  outcome.mutable_error()->set_field("alerts[0].alert.title");
  outcome.mutable_error()->set_message("alerts[0].alert.title is required");
  const Answer answer = Post("/v1/alerts", kAlert);
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.Text("field"), "title");
  EXPECT_EQ(answer.Text("detail"), "title is required");
}

}  // namespace
}  // namespace tocsin::bridge
