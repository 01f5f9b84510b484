// The routes of alert senders, from the body to the hub's call and back to the sender.
#include "bridge/alerts/alert_sources.h"

#include <gmock/gmock.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/bridge/alert_bodies.h"
#include "tests/bridge/rest_fixture.h"

namespace tocsin::bridge {
namespace {

using testing::kAlertmanagerBody;
using testing::kGrafanaBody;
using testing::kOnCallBody;
using testing::kPagerDutyBody;
using testing::kPagerDutyChange;
using testing::kPrometheusBody;

class AlertSourcesTest : public testing::RestTest {
 protected:
  // Each alert gets this outcome.
  void HubAnswers(const v1::SubmitAlertOutcome& outcome) {
    hub.submit.answer = [outcome](const v1::SubmitAlertsRequest& request,
                                  v1::SubmitAlertsResponse& response) {
      for (int i = 0; i < request.alerts_size(); ++i) *response.add_outcomes() = outcome;
      return grpc::Status::OK;
    };
  }
  void HubTakes() {
    v1::SubmitAlertOutcome taken;
    taken.mutable_response()->set_incident_id("i");
    HubAnswers(taken);
  }
  void HubSays(grpc::StatusCode code, const std::string& reason) {
    v1::SubmitAlertOutcome outcome;
    outcome.mutable_error()->set_status_code(code);
    outcome.mutable_error()->set_reason(reason);
    outcome.mutable_error()->set_message("the disk is full");
    HubAnswers(outcome);
  }
  std::string Fingerprint(size_t call) {
    return hub.submit.requests.at(call).alerts(0).alert().fingerprint();
  }
};

TEST_F(AlertSourcesTest, EachFormatHasItsRoute) {
  HubTakes();
  EXPECT_EQ(Post("/v1/integrations/alertmanager", kAlertmanagerBody).status, 200);
  EXPECT_EQ(Post("/v1/integrations/grafana", kGrafanaBody).status, 200);
  EXPECT_EQ(Ask("PUT", "/v1/integrations/grafana", kGrafanaBody).status, 200);
  EXPECT_EQ(Post("/v1/integrations/oncall", kOnCallBody).status, 200);
  EXPECT_EQ(Post("/v1/integrations/pagerduty", kPagerDutyBody).status, 202);
  EXPECT_EQ(Post("/v2/enqueue", kPagerDutyBody).status, 202);
  const Answer direct = Post("/api/v2/alerts", kPrometheusBody);
  EXPECT_EQ(direct.status, 200);
  EXPECT_EQ(direct.Json().at("taken").as_int64(), 1);
  ASSERT_EQ(hub.submit.requests.size(), 7u);
  EXPECT_EQ(hub.submit.requests[0].alerts_size(), 2);
  EXPECT_EQ(Fingerprint(1), Fingerprint(2));
  EXPECT_EQ(Fingerprint(4), Fingerprint(5));
  EXPECT_TRUE(absl::StrContains(metrics.Text(),
                                R"(bridge_alerts_total{outcome="taken",source="alertmanager"} 2)"));
}

TEST_F(AlertSourcesTest, AContentTypeIsNotAskedFor) {
  HubTakes();
  EXPECT_EQ(Ask("POST", "/v2/enqueue", kPagerDutyBody, {}).status, 202);
  EXPECT_EQ(Ask("POST", "/api/v2/alerts", kPrometheusBody, {{"Content-Type", "text/plain"}}).status,
            200);
  EXPECT_EQ(Post("/api/v2/alerts", kPrometheusBody, {{"Content-Encoding", "gzip"}}).status, 415);
  EXPECT_EQ(Post("/api/v2/alerts", kPrometheusBody, {{"Content-Encoding", "identity"}}).status,
            200);
}

TEST_F(AlertSourcesTest, OverloadIsToldEachSenderInTheStatusThatItTriesAgainAfter) {
  HubSays(grpc::StatusCode::RESOURCE_EXHAUSTED, "RATE_LIMIT_EXCEEDED");
  for (const char* path : {"/v1/integrations/alertmanager", "/v1/integrations/grafana"}) {
    const Answer answer = Post(path, kAlertmanagerBody);
    EXPECT_EQ(answer.status, 503) << path;
    EXPECT_NE(answer.Header("Retry-After"), "") << path;
  }
  EXPECT_EQ(Post("/api/v2/alerts", kPrometheusBody).status, 503);
  const Answer pagerduty = Post("/v2/enqueue", kPagerDutyBody);
  EXPECT_EQ(pagerduty.status, 429);
  EXPECT_EQ(pagerduty.Text("status"), "throttle exceeded");
  HubSays(grpc::StatusCode::UNIMPLEMENTED, "UNSUPPORTED");
  EXPECT_EQ(Post("/api/v2/alerts", kPrometheusBody).status, 503) << "a hub that is older";
  EXPECT_EQ(Post("/v2/enqueue", kPagerDutyBody).status, 503);
}

TEST_F(AlertSourcesTest, WhatTheHubRefusesOfAnAlertIsToldInTheSendersWords) {
  hub.submit.answer = [](const v1::SubmitAlertsRequest&, v1::SubmitAlertsResponse& response) {
    response.add_outcomes()->mutable_response()->set_incident_id("i");
    v1::PublishError& error = *response.add_outcomes()->mutable_error();
    error.set_status_code(grpc::StatusCode::INVALID_ARGUMENT);
    error.set_reason("INVALID_MESSAGE");
    error.set_field("alerts[1].alert.title");
    error.set_message("alerts[1].alert.title is wrong");
    return grpc::Status::OK;
  };
  const Answer answer = Post("/v1/integrations/alertmanager", kAlertmanagerBody);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Json().at("left_out").as_int64(), 1);
  EXPECT_EQ(answer.Json().at("truncated").as_int64(), 3);
  EXPECT_TRUE(absl::StrContains(answer.body, "\"detail\":\"alerts[1].title is wrong\""))
      << answer.body;
}

TEST_F(AlertSourcesTest, WhatTheHubRefusesIsToldAtItsPlaceInTheSendersList) {
  hub.submit.answer = [](const v1::SubmitAlertsRequest&, v1::SubmitAlertsResponse& response) {
    v1::PublishError& error = *response.add_outcomes()->mutable_error();
    error.set_status_code(grpc::StatusCode::INVALID_ARGUMENT);
    error.set_reason("INVALID_MESSAGE");
    error.set_field("alerts[0].alert.title");
    error.set_message("alerts[0].alert.title is wrong");
    response.add_outcomes()->mutable_response()->set_incident_id("i");
    return grpc::Status::OK;
  };
  // The hub is not asked about the first one.
  const Answer answer = Post("/v1/integrations/alertmanager",
                             R"({"alerts":[{},{"labels":{"a":"b"}},{"labels":{"a":"c"}}]})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Json().at("taken").as_int64(), 1);
  const boost::json::array problems = answer.Json().at("problems").as_array();
  ASSERT_EQ(problems.size(), 2u) << answer.body;
  EXPECT_EQ(problems[0].at("field").as_string(), "alerts[0].labels");
  EXPECT_EQ(problems[1].at("field").as_string(), "alerts[1].title");
  EXPECT_EQ(problems[1].at("alert").as_int64(), 1);
}

TEST_F(AlertSourcesTest, AnAlertThatIsTooLongIsLeftOutAndTheOthersAreTaken) {
  HubTakes();
  const std::string body =
      absl::StrCat(R"({"alerts":[{"labels":{"a":")", std::string(limits::kEventBytes, 'x'),
                   R"("}},{"labels":{"a":"b"}}]})");
  const Answer answer = Post("/v1/integrations/alertmanager", body);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Json().at("taken").as_int64(), 1);
  EXPECT_TRUE(absl::StrContains(answer.body, R"("problems":[{"alert":0,"field":"alerts[0]")"))
      << answer.body;
}

TEST_F(AlertSourcesTest, AChangeIsPublishedWithAnIdOfItsOwn) {
  hub.publish.answer = [](const v1::PublishRequest&, v1::PublishResponse&) {
    return grpc::Status::OK;
  };
  const Answer answer = Post("/v2/change/enqueue", kPagerDutyChange);
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.Text("status"), "success");
  EXPECT_EQ(Post("/v2/change/enqueue", kPagerDutyChange).status, 202);
  ASSERT_EQ(hub.publish.requests.size(), 2u);
  EXPECT_EQ(hub.publish.requests[0].events(0).id(), hub.publish.requests[1].events(0).id());
}

}  // namespace
}  // namespace tocsin::bridge
