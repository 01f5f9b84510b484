// SubmitAlert and SubmitAlerts over a real socket.
#include <gtest/gtest.h>

#include "core/event/limits.h"
#include "hub_fixtures.h"
#include "service_fixture.h"

namespace tocsin::hub {
namespace {

using grpc::StatusCode;

v1::Alert Firing(const std::string& fingerprint) {
  v1::Alert alert;
  alert.set_source("prometheus");
  alert.set_title("disk full");
  alert.set_severity(v1::SEVERITY_P0);
  alert.set_fingerprint(fingerprint);
  return alert;
}

v1::SubmitAlertRequest One(v1::Alert alert) {
  v1::SubmitAlertRequest request;
  *request.mutable_alert() = std::move(alert);
  return request;
}

std::chrono::system_clock::time_point Soon() {
  return std::chrono::system_clock::now() + std::chrono::seconds(20);
}

grpc::Status Submit(TestHub& hub, const v1::SubmitAlertRequest& request,
                    v1::SubmitAlertResponse* response = nullptr) {
  grpc::ClientContext context;
  context.set_deadline(Soon());
  v1::SubmitAlertResponse ignored;
  return hub.stub().SubmitAlert(&context, request, response == nullptr ? &ignored : response);
}

grpc::Status SubmitAll(TestHub& hub, const v1::SubmitAlertsRequest& request,
                       v1::SubmitAlertsResponse* response) {
  grpc::ClientContext context;
  context.set_deadline(Soon());
  return hub.stub().SubmitAlerts(&context, request, response);
}

TEST(HubAlerts, SubscribersGetWhatAnAlertDoes) {
  TestHub hub;
  v1::SubscribeRequest subscribe;
  subscribe.mutable_filter()->add_severities(v1::SEVERITY_P0);
  const auto stream = hub.Subscribe(subscribe);
  stream->AwaitCaughtUp();
  v1::SubmitAlertResponse answer;
  ASSERT_TRUE(Submit(hub, One(Firing("a")), &answer).ok());
  EXPECT_TRUE(answer.opened());
  EXPECT_EQ(stream->ReadSequences(2), (std::vector<uint64_t>{1, 2}));
  EXPECT_EQ(answer.cursor(), hub.Status().latest());
}

TEST(HubAlerts, AlertsOfOneRequestAreOneCommitAndEachHasItsOutcome) {
  TestHub hub;
  v1::SubmitAlertsRequest request;
  for (int i = 0; i < 10; ++i) {
    *request.add_alerts() = One(Firing(std::to_string(i % 5)));
  }
  request.mutable_alerts(3)->mutable_alert()->clear_title();
  request.mutable_alerts(4)->clear_alert();
  v1::SubmitAlertsResponse response;
  const grpc::Status status = SubmitAll(hub, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(response.outcomes_size(), 10);
  EXPECT_EQ(response.outcomes(3).error().field(), "alerts[3].alert.title");
  EXPECT_EQ(response.outcomes(3).error().reason(), "INVALID_MESSAGE");
  EXPECT_EQ(response.outcomes(4).error().field(), "alerts[4].alert");
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(response.outcomes(i).response().opened());
    EXPECT_EQ(response.outcomes(i + 5).response().incident_id(),
              response.outcomes(i).response().incident_id());
  }
  EXPECT_TRUE(response.outcomes(8).response().opened());
  EXPECT_NE(hub.GetOps("/metrics").find("tocsin_commit_events_count 1\n"), std::string::npos);
}

struct Wrong {
  std::string name;
  v1::SubmitAlertRequest request;
  std::string field;
};

std::vector<Wrong> WrongAlerts() {
  const auto with = [](auto change) {
    v1::Alert alert = Firing("a");
    change(alert);
    return One(alert);
  };
  return {
      {"no alert", {}, "alert"},
      {"no title", with([](auto& alert) { alert.clear_title(); }), "alert.title"},
      {"a long title", with([](auto& alert) { alert.set_title(std::string(501, 'x')); }),
       "alert.title"},
      {"no source", with([](auto& alert) { alert.clear_source(); }), "alert.source"},
      {"no severity", with([](auto& alert) { alert.clear_severity(); }), "alert.severity"},
      {"an unknown severity",
       with([](auto& alert) { alert.set_severity(static_cast<v1::Severity>(77)); }),
       "alert.severity"},
      {"an unknown status",
       with([](auto& alert) { alert.set_status(static_cast<v1::AlertStatus>(77)); }),
       "alert.status"},
      {"an id that is no UUID", with([](auto& alert) { alert.set_id("x"); }), "alert.id"},
      {"an empty label key", with([](auto& alert) { (*alert.mutable_labels())[""] = "x"; }),
       "alert.labels"},
      {"a long fingerprint",
       with([](auto& alert) { alert.set_fingerprint(std::string(513, 'x')); }),
       "alert.fingerprint"},
      {"a time that cannot be",
       with([](auto& alert) { alert.mutable_ends_at()->set_seconds(999'999'999'999); }),
       "alert.ends_at"},
      {"too large",
       with([](auto& alert) { alert.set_description(std::string(limits::kEventBytes, 'x')); }),
       "alert"},
  };
}

TEST(HubAlerts, WhatIsWrongIsNamedAndChangesNothing) {
  TestHub hub;
  for (const Wrong& wrong : WrongAlerts()) {
    const grpc::Status status = Submit(hub, wrong.request);
    EXPECT_FALSE(status.ok()) << wrong.name;
    EXPECT_EQ(DetailsOf(status).field(), wrong.field) << wrong.name << status.error_message();
  }
  v1::SubmitAlertsResponse response;
  grpc::Status status = SubmitAll(hub, {}, &response);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(DetailsOf(status).field(), "alerts");
  v1::SubmitAlertsRequest many;
  for (size_t i = 0; i <= limits::kSubmitAlerts; ++i) *many.add_alerts() = One(Firing("a"));
  status = SubmitAll(hub, many, &response);
  EXPECT_EQ(DetailsOf(status).field(), "alerts");
  EXPECT_EQ(hub.Status().last_sequence(), 0u);
}

// D4.
TEST(HubAlerts, AnEmptyLabelIsNone) {
  TestHub hub;
  v1::Alert alert = Firing("a");
  (*alert.mutable_labels())["env"] = "production";
  (*alert.mutable_labels())["zone"] = "";
  alert.set_id(TestUuid(1));
  ASSERT_TRUE(Submit(hub, One(alert)).ok());
  alert.mutable_labels()->erase("zone");
  v1::SubmitAlertResponse again;
  ASSERT_TRUE(Submit(hub, One(alert), &again).ok());
  EXPECT_TRUE(again.duplicate());
}

TEST(HubAlerts, ThousandAlertsAreTaken) {
  TestHub hub;
  v1::SubmitAlertsRequest request;
  for (size_t i = 0; i < limits::kSubmitAlerts; ++i) {
    *request.add_alerts() = One(Firing(std::to_string(i)));
  }
  v1::SubmitAlertsResponse response;
  ASSERT_TRUE(SubmitAll(hub, request, &response).ok());
  EXPECT_EQ(hub.Status().last_sequence(), 2 * limits::kSubmitAlerts);
  const std::string metrics = hub.GetOps("/metrics");
  EXPECT_NE(metrics.find("tocsin_alerts_taken_total 1000\n"), std::string::npos);
  EXPECT_NE(metrics.find("tocsin_alert_incidents_opened_total 1000\n"), std::string::npos);
  EXPECT_NE(metrics.find("tocsin_alerts_open 1000\n"), std::string::npos);
}

}  // namespace
}  // namespace tocsin::hub
