// Starting, what stands beside the service, and ending.
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

#include "grpc/health/v1/health.pb.h"
#include "hub_fixtures.h"
#include "service_fixture.h"

namespace tocsin::hub {
namespace {

std::optional<int> HealthOf(TestHub& hub, const std::string& service) {
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(service);
  grpc::health::v1::HealthCheckResponse response;
  grpc::Status status;
  const std::string answer =
      hub.Call("/grpc.health.v1.Health/Check", request.SerializeAsString(), &status);
  if (!status.ok() || !response.ParseFromString(answer)) {
    return std::nullopt;
  }
  return response.status();
}

TEST(HubLifecycle, RestartGoesOnWhereTheLogEnded) {
  TempDir dir;
  std::string cursor;
  {
    TestHub hub(DiskConfig(dir));
    hub.PublishEvents(20);
    cursor = hub.Status().latest();
    ASSERT_TRUE(hub.hub().Drain().ok());
  }
  TestHub hub(DiskConfig(dir));
  EXPECT_EQ(hub.Status().latest(), cursor);
  EXPECT_NE(hub.GetOps("/metrics").find("tocsin_window_events 20"), std::string::npos);
  v1::SubscribeRequest request;
  request.set_from("earliest");
  EXPECT_EQ(hub.Subscribe(request)->ReadSequences(20).size(), 20u);
  EXPECT_EQ(hub.PublishEvents(1), 21u);
}

TEST(HubLifecycle, SecondHubOnADirectoryIsRefusedAndTheFirstGoesOn) {
  TempDir dir;
  TestHub first(DiskConfig(dir));
  const auto second = Hub::Start(DiskConfig(dir));
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.status().message().find(dir.path()), absl::string_view::npos);
  EXPECT_EQ(first.PublishEvents(1), 1u);
}

TEST(HubLifecycle, PortInUseIsAnErrorThatNamesTheAddressAndClosesTheLogCleanly) {
  TempDir dir;
  TestHub first;
  HubConfig config = DiskConfig(dir);
  config.listen = first.hub().address();
  const auto second = Hub::Start(config);
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.status().message().find(config.listen.ToString()), absl::string_view::npos);
  config = DiskConfig(dir);
  config.ops_listen.port = first.hub().ops_port();
  EXPECT_FALSE(Hub::Start(config).ok());
  RocksDbOptions options = RocksIn(dir);
  options.dir = dir.path();
  EXPECT_EQ(OpenRocks(options)->report().end, LogEnd::kClean);
}

// Symptom: one connection that sent empty frames made nine publishes of ten time out. Cause: on two cores
// one shard polled all connections. The older tests' peers sent calls.
TEST(HubLifecycle, NoPeerHasTheOnlyShard) {
  cpu_set_t processors;
  ASSERT_EQ(sched_getaffinity(0, sizeof(processors), &processors), 0);
  const size_t least = CPU_COUNT(&processors) > 1 ? 2 : 1;
  EXPECT_GE(HubConfig::From(HubFlags())->shards, least);
}

TEST(HubLifecycle, ExposureWithoutInsecureIsRefused) {
  HubFlags flags;
  flags.listen = "0.0.0.0:0";
  EXPECT_FALSE(HubConfig::From(flags).ok());
  flags.insecure = true;
  EXPECT_TRUE(HubConfig::From(flags).ok());
  flags.insecure = false;
  flags.listen = "unix:/tmp/x.sock";
  EXPECT_TRUE(HubConfig::From(flags).ok());
  flags.ops_listen = "0.0.0.0:0";
  EXPECT_FALSE(HubConfig::From(flags).ok());
  flags.ops_listen = "";
  EXPECT_TRUE(HubConfig::From(flags).ok());
}

TEST(HubLifecycle, HealthServesUntilTheDrain) {
  TestHub hub;
  using Answer = grpc::health::v1::HealthCheckResponse;
  EXPECT_EQ(HealthOf(hub, ""), Answer::SERVING);
  EXPECT_EQ(HealthOf(hub, "tocsin.v1.EventHub"), Answer::SERVING);
  EXPECT_EQ(HealthOf(hub, "no.such.Service"), std::nullopt);
}

TEST(HubLifecycle, OperationsPortTellsHealthAndMetrics) {
  TestHub hub;
  std::string head;
  EXPECT_EQ(hub.GetOps("/health", &head).rfind("{\"status\":\"ok\",\"version\":", 0), 0u);
  EXPECT_EQ(head.rfind("HTTP/1.1 200 OK", 0), 0u);
  hub.GetOps("/health/live", &head);
  EXPECT_EQ(head.rfind("HTTP/1.1 200 OK", 0), 0u);
  hub.GetOps("/health/ready", &head);
  EXPECT_EQ(head.rfind("HTTP/1.1 200 OK", 0), 0u);
  hub.PublishEvents(3);
  const std::string metrics = hub.GetOps("/metrics", &head);
  EXPECT_NE(metrics.find("\ntocsin_events_published_total 3\n"), std::string::npos);
  EXPECT_NE(metrics.find("\ntocsin_commit_events_count 1\n"), std::string::npos);
  EXPECT_NE(metrics.find("\ntocsin_log_events 3\n"), std::string::npos);
  EXPECT_NE(metrics.find("\ntocsin_publish_queue_events 0\n"), std::string::npos);
  hub.GetOps("/nothing", &head);
  EXPECT_EQ(head.rfind("HTTP/1.1 404 Not Found", 0), 0u);
}

// By bytes: field 7 of ServerReflectionRequest is list_services.
TEST(HubLifecycle, ReflectionListsTheServiceAndHealth) {
  TestHub hub;
  grpc::GenericStub stub(hub.channel());
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  grpc::CompletionQueue queue;
  auto call = stub.PrepareCall(
      &context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue);
  void* tag = nullptr;
  bool ok = false;
  const auto wait = [&] { return queue.Next(&tag, &ok) && ok; };
  call->StartCall(nullptr);
  ASSERT_TRUE(wait());
  const grpc::Slice slice(std::string("\x3a\x01*"));
  call->Write(grpc::ByteBuffer(&slice, 1), nullptr);
  ASSERT_TRUE(wait());
  grpc::ByteBuffer answer;
  call->Read(&answer, nullptr);
  ASSERT_TRUE(wait());
  grpc::Slice text;
  ASSERT_TRUE(answer.DumpToSingleSlice(&text).ok());
  const std::string names(reinterpret_cast<const char*>(text.begin()), text.size());
  for (const char* service :
       {"tocsin.v1.EventHub", "grpc.health.v1.Health", "grpc.reflection.v1alpha"}) {
    EXPECT_NE(names.find(service), std::string::npos) << service;
  }
  context.TryCancel();
  grpc::Status status;
  call->Finish(&status, nullptr);
  queue.Next(&tag, &ok);
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
}

TEST(HubLifecycle, DrainTellsEverySubscriberItsOwnTimeToComeBack) {
  TestHub hub;
  std::vector<std::unique_ptr<TestStream>> streams;
  for (int i = 0; i < 10; ++i) {
    streams.push_back(hub.Subscribe());
    streams.back()->AwaitCaughtUp();
  }
  EXPECT_TRUE(hub.hub().Drain().ok());
  std::vector<int32_t> slots;
  for (const auto& stream : streams) {
    v1::SubscribeResponse response;
    while (stream->Read(response) && !response.has_closing()) {
    }
    EXPECT_EQ(response.closing().reason(), "SERVICE_UNAVAILABLE");
    slots.push_back(response.closing().reconnect_after().nanos());
    const grpc::Status status = stream->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(DetailsOf(status).info.reason(), "SERVICE_UNAVAILABLE");
  }
  std::sort(slots.begin(), slots.end());
  EXPECT_EQ(std::unique(slots.begin(), slots.end()), slots.end());
  EXPECT_GE(slots.front(), 100'000'000);
}

// An open publish stream that nobody writes to must not hold the end up.
TEST(HubLifecycle, DrainEndsPublishStreamsWithUnavailable) {
  TestHub hub;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  auto stream = hub.stub().PublishStream(&context);
  v1::PublishStreamRequest request;
  *request.mutable_publish()->add_events() = SystemEvent("x");
  v1::PublishStreamResponse response;
  ASSERT_TRUE(stream->Write(request));
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_TRUE(hub.hub().Drain().ok());
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

// Requests that arrive while the streams end: each that was taken in is answered, so the log holds
// as many events as answers came.
TEST(HubLifecycle, DrainUnderPublishStreamsEndsEachOnceAndLosesNoAnswer) {
  TempDir dir;
  std::atomic<uint64_t> answered{0};
  {
    TestHub hub(DiskConfig(dir));
    std::vector<std::thread> clients;
    for (int i = 0; i < 8; ++i) {
      clients.emplace_back([&] {
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
        const auto stream = hub.stub().PublishStream(&context);
        v1::PublishStreamRequest request;
        *request.mutable_publish()->add_events() = SystemEvent("x");
        v1::PublishStreamResponse response;
        // Two under way, so that some are between their reading and their answer when the end
        // comes.
        stream->Write(request);
        while (stream->Write(request) && stream->Read(&response)) {
          answered += response.has_response() ? 1 : 0;
        }
        while (stream->Read(&response)) {
          answered += response.has_response() ? 1 : 0;
        }
        EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
      });
    }
    EXPECT_TRUE(Eventually([&] { return answered > 100; }));
    EXPECT_TRUE(hub.hub().Drain().ok());
    for (std::thread& client : clients) {
      client.join();
    }
  }
  TestHub again(DiskConfig(dir));
  EXPECT_EQ(again.Status().last_sequence(), answered.load());
}

TEST(HubLifecycle, DrainAnswersWhatWasLetIn) {
  TestHub hub;
  std::atomic<uint64_t> acknowledged{0};
  std::vector<std::thread> publishers;
  std::atomic<bool> begun{false};
  for (int i = 0; i < 4; ++i) {
    publishers.emplace_back([&] {
      v1::PublishRequest request;
      *request.add_events() = SystemEvent("x");
      for (v1::PublishResponse response; hub.Publish(request, &response).ok();) {
        acknowledged = std::max<uint64_t>(acknowledged, response.results(0).sequence());
        begun = true;
      }
    });
  }
  ASSERT_TRUE(Eventually([&] { return begun.load(); }));
  EXPECT_TRUE(hub.hub().Drain().ok());
  for (std::thread& publisher : publishers) {
    publisher.join();
  }
  EXPECT_GT(acknowledged.load(), 0u);
}

// A client that takes nothing cannot be told; the drain ends all the same.
TEST(HubLifecycle, DrainDoesNotWaitForAStuckClientLongerThanItsTime) {
  HubConfig config = TestConfig();
  config.drain_timeout = absl::Milliseconds(700);
  TestHub hub(config);
  auto stuck = hub.Subscribe();
  stuck->AwaitCaughtUp();
  for (int i = 0; i < 10; ++i) {
    hub.PublishEvents(100, 10'000);
  }
  const absl::Time begun = absl::Now();
  EXPECT_TRUE(hub.hub().Drain().ok());
  EXPECT_LT(absl::Now() - begun, absl::Seconds(5));
}

}  // namespace
}  // namespace tocsin::hub
