// The queries over a real socket: what they answer, what they refuse, and that they hold up neither
// subscribers nor the hub's end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/hub/service_fixture.h"

namespace tocsin::hub {
namespace {

void SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
}

grpc::Status Get(TestHub& hub, const v1::GetIncidentRequest& request,
                 v1::GetIncidentResponse& response) {
  grpc::ClientContext context;
  SetDeadline(context);
  return hub.stub().GetIncident(&context, request, &response);
}

grpc::Status List(TestHub& hub, const v1::ListIncidentsRequest& request,
                  v1::ListIncidentsResponse& response) {
  grpc::ClientContext context;
  SetDeadline(context);
  return hub.stub().ListIncidents(&context, request, &response);
}

TEST(ServiceQueryTest, AnIncidentIsListedAsSoonAsItIsPublished) {
  TestHub hub;
  for (size_t i = 1; i <= 5; ++i) {
    hub.PublishIncident(v1::SEVERITY_P1);
    v1::ListIncidentsResponse page;
    ASSERT_TRUE(List(hub, {}, page).ok());
    EXPECT_EQ(page.total(), i);
    EXPECT_EQ(page.cursor(), hub.Status().latest());
    v1::GetIncidentRequest request;
    request.set_incident_id(page.incidents(0).id());
    v1::GetIncidentResponse response;
    ASSERT_TRUE(Get(hub, request, response).ok());
    EXPECT_EQ(response.incident().id(), page.incidents(0).id());
    EXPECT_EQ(response.cursor(), page.cursor());
  }
}

TEST(ServiceQueryTest, ListsAreThereAfterARestart) {
  const TempDir dir;
  {
    TestHub hub(DiskConfig(dir));
    hub.PublishIncident(v1::SEVERITY_P1);
    hub.PublishIncident(v1::SEVERITY_P3);
    ASSERT_TRUE(hub.hub().Drain().ok());
  }
  TestHub hub(DiskConfig(dir));
  v1::ListIncidentsRequest request;
  request.mutable_filter()->add_severities(v1::SEVERITY_P3);
  v1::ListIncidentsResponse page;
  ASSERT_TRUE(List(hub, request, page).ok());
  EXPECT_EQ(page.total(), 1u);
  EXPECT_EQ(page.incidents(0).severity(), v1::SEVERITY_P3);
}

struct BadList {
  const char* field;
  const char* reason;
  const char* allowed;  // a part of it
  std::function<void(v1::ListIncidentsRequest&)> spoil;
};

TEST(ServiceQueryTest, ABadListNamesTheFieldAndWhatIsAllowed) {
  TestHub hub;
  using Request = v1::ListIncidentsRequest;
  const std::vector<BadList> bad = {
      {"page_size", "INVALID_MESSAGE", "1 to 1000", [](Request& r) { r.set_page_size(1'001); }},
      {"page_size", "INVALID_MESSAGE", "1 to 1000", [](Request& r) { r.set_page_size(~0u); }},
      {"skip", "INVALID_MESSAGE", "up to 10000", [](Request& r) { r.set_skip(10'001); }},
      {"skip", "INVALID_MESSAGE", "0 with page_token",
       [](Request& r) {
         r.set_skip(1);
         r.set_page_token("x");
       }},
      {"page_token", "INVALID_MESSAGE", "next_page_token",
       [](Request& r) { r.set_page_token("x"); }},
      {"order", "INVALID_MESSAGE", "INCIDENT_ORDER_SEVERITY",
       [](Request& r) { r.set_order(static_cast<v1::IncidentOrder>(9)); }},
      {"filter.event_types", "INVALID_FILTER", "no event_types",
       [](Request& r) { r.mutable_filter()->add_event_types(v1::EVENT_TYPE_ESCALATED); }},
      {"filter.severities[1]", "INVALID_FILTER", "P4",
       [](Request& r) {
         r.mutable_filter()->add_severities(v1::SEVERITY_P0);
         r.mutable_filter()->add_severities(static_cast<v1::Severity>(77));
       }},
      {"filter.states[0]", "INVALID_FILTER", "Closed",
       [](Request& r) { r.mutable_filter()->add_states(static_cast<v1::IncidentState>(-1)); }},
      {"filter.incident_ids[0]", "INVALID_FILTER", "UUID",
       [](Request& r) { r.mutable_filter()->add_incident_ids("none"); }},
      {"filter.sources[0]", "INVALID_FILTER", "at least one character",
       [](Request& r) { r.mutable_filter()->add_sources(""); }},
      {"filter.labels", "INVALID_FILTER", "at least one character",
       [](Request& r) { (*r.mutable_filter()->mutable_labels())[""] = "x"; }},
      {"require", "INVALID_FILTER", "at most 8",
       [](Request& r) {
         for (int i = 0; i < 9; ++i) r.add_require();
       }},
      {"require[0].affected_resources[0]", "INVALID_FILTER", "at least one character",
       [](Request& r) { r.add_require()->add_affected_resources(""); }},
  };
  for (const BadList& each : bad) {
    v1::ListIncidentsRequest request;
    each.spoil(request);
    v1::ListIncidentsResponse page;
    const grpc::Status status = List(hub, request, page);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << each.field;
    const Details details = DetailsOf(status);
    EXPECT_EQ(details.field(), each.field);
    EXPECT_EQ(details.info.reason(), each.reason) << each.field;
    EXPECT_THAT(details.info.metadata().at("allowed"), testing::HasSubstr(each.allowed));
  }
}

TEST(ServiceQueryTest, EventsAreListedAndABadListNamesTheField) {
  TestHub hub;
  hub.PublishEvents(3);
  hub.PublishIncident(v1::SEVERITY_P1);
  const auto list = [&](const v1::ListEventsRequest& request, v1::ListEventsResponse& response) {
    grpc::ClientContext context;
    SetDeadline(context);
    return hub.stub().ListEvents(&context, request, &response);
  };
  v1::ListEventsRequest request;
  request.set_newest_first(true);
  v1::ListEventsResponse response;
  ASSERT_TRUE(list(request, response).ok());
  ASSERT_EQ(response.events_size(), 4);
  EXPECT_EQ(response.events(0).sequence(), 4u);
  EXPECT_EQ(response.cursor(), hub.Status().latest());
  EXPECT_TRUE(response.next_page_token().empty());

  using Request = v1::ListEventsRequest;
  const std::vector<std::pair<const char*, std::function<void(Request&)>>> bad = {
      {"limit", [](Request& r) { r.set_limit(1'001); }},
      {"from", [](Request& r) { r.set_from("yesterday"); }},
      {"to", [](Request& r) { r.set_to("yesterday"); }},
      {"to", [](Request& r) { r.set_to("earliest"); }},
      {"page_token", [](Request& r) { r.set_page_token("x"); }},
      {"filter.event_types[0]",
       [](Request& r) { r.mutable_filter()->add_event_types(static_cast<v1::EventType>(99)); }},
      {"require[0].incident_ids[0]", [](Request& r) { r.add_require()->add_incident_ids("none"); }},
      {"require",
       [](Request& r) {
         for (int i = 0; i < 9; ++i) r.add_require();
       }},
  };
  for (const auto& [field, spoil] : bad) {
    Request spoilt;
    spoil(spoilt);
    const grpc::Status status = list(spoilt, response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << field;
    EXPECT_EQ(DetailsOf(status).field(), field);
    EXPECT_NE(DetailsOf(status).info.metadata().at("allowed"), "") << field;
  }
}

TEST(ServiceQueryTest, MetricsTellOfTheIncidents) {
  TestHub hub;
  hub.PublishIncident(v1::SEVERITY_P1);
  hub.PublishIncident(v1::SEVERITY_P1);
  const std::string metrics = hub.GetOps("/metrics");
  EXPECT_THAT(metrics, testing::HasSubstr("\ntocsin_incidents_active 2\n"));
  EXPECT_THAT(metrics, testing::HasSubstr("\ntocsin_incidents_over 0\n"));
  EXPECT_THAT(metrics, testing::Not(testing::HasSubstr("\ntocsin_incident_bytes 0\n")));
  EXPECT_THAT(metrics, testing::Not(testing::HasSubstr("\ntocsin_incident_index_bytes 0\n")));
}

TEST(ServiceQueryTest, ABadGetNamesTheField) {
  TestHub hub;
  v1::GetIncidentResponse response;
  for (const char* id : {"", "7", "00000000-0000-7000-8000-00000000000g"}) {
    v1::GetIncidentRequest request;
    request.set_incident_id(id);
    const grpc::Status status = Get(hub, request, response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(DetailsOf(status).field(), "incident_id");
  }
  v1::GetIncidentRequest request;
  request.set_incident_id(TestUuid(1));
  grpc::Status status = Get(hub, request, response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(DetailsOf(status).info.reason(), "NOT_FOUND");
  request.add_require()->add_severities(static_cast<v1::Severity>(77));
  status = Get(hub, request, response);
  EXPECT_EQ(DetailsOf(status).field(), "require[0].severities[0]");
  hub.Call("/tocsin.v1.EventHub/GetIncident",
           "\x0a\x05"
           "ab",
           &status);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  hub.Call("/tocsin.v1.EventHub/ListIncidents", "\xf8\x06\x01", &status);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST(ServiceQueryTest, QueriesUnderWayDoNotKeepTheHubFromItsEnd) {
  TestHub hub;
  for (int i = 0; i < 50; ++i) {
    hub.PublishIncident(v1::SEVERITY_P2);
  }
  grpc::CompletionQueue queue;
  constexpr int kCalls = 200;
  struct Call {
    grpc::ClientContext context;
    v1::ListIncidentsResponse page;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<v1::ListIncidentsResponse>> reader;
  };
  std::vector<std::unique_ptr<Call>> calls;
  for (int i = 0; i < kCalls; ++i) {
    auto call = std::make_unique<Call>();
    SetDeadline(call->context);
    call->reader = hub.stub().AsyncListIncidents(&call->context, {}, &queue);
    call->reader->Finish(&call->page, &call->status, call.get());
    if (i % 3 == 0) call->context.TryCancel();
    calls.push_back(std::move(call));
  }
  ASSERT_TRUE(hub.hub().Drain().ok());
  void* tag = nullptr;
  bool ok = false;
  for (int i = 0; i < kCalls; ++i) {
    ASSERT_TRUE(queue.Next(&tag, &ok));
  }
  for (int i = 1; i < kCalls; i += 3) {
    const grpc::Status& status = calls[i]->status;
    // CANCELLED: of a call that no shard had taken yet.
    EXPECT_TRUE(status.ok() || status.error_code() == grpc::StatusCode::UNAVAILABLE ||
                status.error_code() == grpc::StatusCode::CANCELLED)
        << status.error_message();
  }
  queue.Shutdown();
}

}  // namespace
}  // namespace tocsin::hub
