// grpc.health.v1.Health over a real socket: what load balancers and supervisors ask.
#include <gtest/gtest.h>

#include "grpc/health/v1/health.grpc.pb.h"
#include "hub/service/health_watch.h"
#include "service_fixture.h"

namespace tocsin::hub {
namespace {

using grpc::health::v1::Health;
using Answer = grpc::health::v1::HealthCheckResponse;

class HealthClient {
 public:
  HealthClient(TestHub& hub, const std::string& service) : stub_(Health::NewStub(hub.channel())) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(service);
    reader_ = stub_->Watch(&context_, request);
  }
  // The next status; nothing at the stream's end.
  std::optional<int> Next() {
    Answer answer;
    return reader_->Read(&answer) ? std::optional<int>(answer.status()) : std::nullopt;
  }
  grpc::Status Finish() { return reader_->Finish(); }
  void Cancel() { context_.TryCancel(); }

 private:
  grpc::ClientContext context_;
  const std::unique_ptr<Health::Stub> stub_;
  std::unique_ptr<grpc::ClientReader<Answer>> reader_;
};

grpc::Status Check(TestHub& hub, const std::string& service, Answer* answer) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(service);
  return Health::NewStub(hub.channel())->Check(&context, request, answer);
}

TEST(HubHealth, CheckKnowsTheServerAndTheService) {
  TestHub hub;
  for (const char* service : {"", "tocsin.v1.EventHub"}) {
    Answer answer;
    ASSERT_TRUE(Eventually(
        [&] { return Check(hub, service, &answer).ok() && answer.status() == Answer::SERVING; }));
  }
  Answer answer;
  const grpc::Status unknown = Check(hub, "no.such.Service", &answer);
  EXPECT_EQ(unknown.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_NE(unknown.error_message().find("tocsin.v1.EventHub"), std::string::npos);
}

TEST(HubHealth, AWatchTellsTheDrainAndEndsWithItAtOnce) {
  HubConfig config = TestConfig();
  config.drain_timeout = absl::Seconds(10);
  TestHub hub(config);
  HealthClient all(hub, "");
  HealthClient service(hub, "tocsin.v1.EventHub");
  // It may have come before the first look at the hub's health.
  for (HealthClient* client : {&all, &service}) {
    std::optional<int> status = client->Next();
    if (status == Answer::NOT_SERVING) status = client->Next();
    EXPECT_EQ(status, Answer::SERVING);
  }
  const absl::Time before = absl::Now();
  EXPECT_TRUE(hub.hub().Drain().ok());
  EXPECT_LT(absl::Now() - before, absl::Seconds(5));
  for (HealthClient* client : {&all, &service}) {
    EXPECT_EQ(client->Next(), Answer::NOT_SERVING);
    EXPECT_EQ(client->Next(), std::nullopt);
    EXPECT_EQ(client->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  }
}

TEST(HubHealth, AWatchOfAnUnknownServiceSaysSoAndStays) {
  TestHub hub;
  HealthClient client(hub, "no.such.Service");
  EXPECT_EQ(client.Next(), Answer::SERVICE_UNKNOWN);
  client.Cancel();
  EXPECT_EQ(client.Next(), std::nullopt);
  EXPECT_EQ(client.Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST(HubHealth, TheOldestWatchOfWhoHasMostGivesWayToANewOne) {
  HubConfig config = TestConfig();
  config.shards = 1;
  TestHub hub(config);
  std::vector<std::unique_ptr<HealthClient>> watches;
  for (size_t i = 0; i < HealthWatch::kMost; ++i) {
    watches.push_back(std::make_unique<HealthClient>(hub, ""));
    ASSERT_TRUE(watches.back()->Next().has_value());
  }
  EXPECT_TRUE(Eventually([&] { return HealthClient(hub, "").Next().has_value(); }));
  while (watches.front()->Next().has_value()) {
  }
  const grpc::Status end = watches.front()->Finish();
  EXPECT_EQ(end.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_NE(end.error_message().find("one of the 1000 health watches"), std::string::npos);
}

}  // namespace
}  // namespace tocsin::hub
