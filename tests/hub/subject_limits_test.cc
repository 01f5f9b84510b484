// What one subject may have open at a time at the hub, and how often it may publish.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth_fixture.h"

namespace tocsin::hub {
namespace {

using ::testing::HasSubstr;

class HubSubjectLimits : public ::testing::Test {
 protected:
  void SetBounds(const SubjectBounds& bounds) {
    HubConfig config = TestConfig();
    config.auth.subjects = bounds;
    hub.hub().hub().Apply(config);
  }
  std::string TokenOf(std::string_view name) { return hub.Token(kAll, absl::Minutes(5), name); }
  // A stream of which the first response has come.
  std::unique_ptr<TestStream> Open(std::string_view name,
                                   const v1::SubscribeRequest& request = {}) {
    auto stream = hub.Subscribe(request, TokenOf(name));
    v1::SubscribeResponse response;
    EXPECT_TRUE(stream->Read(response)) << stream->Finish().error_message();
    return stream;
  }
  bool Opens(std::string_view name) {
    auto stream = hub.Subscribe({}, TokenOf(name));
    v1::SubscribeResponse response;
    return stream->Read(response);
  }
  void ExpectRefused(const grpc::Status& status, const std::string& reason, int64_t retry_ms) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << status.error_message();
    EXPECT_EQ(DetailsOf(status).info.reason(), reason);
    const google::protobuf::Duration delay = DetailsOf(status).retry.retry_delay();
    EXPECT_LE(delay.seconds() * 1'000 + delay.nanos() / 1'000'000, retry_ms);
    EXPECT_GT(delay.seconds() * 1'000 + delay.nanos() / 1'000'000, retry_ms / 2);
  }
  grpc::Status RefusalOf(std::string_view name, const v1::SubscribeRequest& request = {}) {
    const auto stream = hub.Subscribe(request, TokenOf(name));
    v1::SubscribeResponse response;
    if (stream->Read(response)) {
      stream->Cancel();  // it was let in
    }
    return stream->Finish();
  }
  grpc::Status Publish(std::string_view name) {
    v1::PublishRequest request;
    *request.add_events() = SystemEvent("one");
    v1::PublishResponse response;
    return hub.Call(&v1::EventHub::Stub::Publish, request, response, TokenOf(name));
  }

  AuthHub hub;
};

TEST_F(HubSubjectLimits, StreamsAreCounted) {
  SetBounds({.connections = 1});
  const auto first = Open("ann");
  ExpectRefused(RefusalOf("ann"), "RATE_LIMIT_EXCEEDED", 5'000);
  EXPECT_TRUE(Opens("bob"));
  grpc::ClientContext context;
  context.AddMetadata("authorization", TokenOf("ann"));
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  const auto publishes = hub.hub().stub().PublishStream(&context);
  ExpectRefused(publishes->Finish(), "RATE_LIMIT_EXCEEDED", 5'000);
  EXPECT_THAT(hub.hub().GetOps("/metrics"),
              HasSubstr("tocsin_subject_refused_total{limit=\"connections\"} 2\n"));
  first->Cancel();
  EXPECT_TRUE(Eventually([&] { return Opens("ann"); }));
}

TEST_F(HubSubjectLimits, APublishStreamIsCounted) {
  SetBounds({.connections = 1});
  grpc::ClientContext context;
  context.AddMetadata("authorization", TokenOf("ann"));
  const auto publishes = hub.hub().stub().PublishStream(&context);
  EXPECT_TRUE(Eventually([&] { return !Opens("ann"); }));
  publishes->WritesDone();
  EXPECT_TRUE(publishes->Finish().ok());
  EXPECT_TRUE(Eventually([&] { return Opens("ann"); }));
}

TEST_F(HubSubjectLimits, SubscriptionsHaveTheirOwnBoundAndError) {
  SetBounds({.subscriptions = 1});
  const auto first = Open("ann");
  ExpectRefused(RefusalOf("ann"), "SUBSCRIPTION_LIMIT_EXCEEDED", 5'000);
  first->Cancel();
  EXPECT_TRUE(Eventually([&] { return Opens("ann"); }));
}

TEST_F(HubSubjectLimits, AReplayIsCountedUntilItHasCaughtUp) {
  v1::SubscribeRequest replay;
  replay.set_from("earliest");
  hub.Publish(SystemEvent("one"));
  SetBounds({.replays = 0});
  ExpectRefused(RefusalOf("ann", replay), "RATE_LIMIT_EXCEEDED", 1'000);
  EXPECT_TRUE(Opens("ann")) << "live from the beginning";
  SetBounds({.replays = 1});
  std::vector<std::unique_ptr<TestStream>> streams;
  for (int i = 0; i < 3; ++i) {
    streams.push_back(hub.Subscribe(replay, TokenOf("ann")));
    streams.back()->AwaitCaughtUp();
  }
}

TEST_F(HubSubjectLimits, ASnapshotIsCountedUntilItIsWhole) {
  v1::SubscribeRequest snapshot;
  snapshot.set_snapshot(true);
  SetBounds({.snapshots = 0});
  ExpectRefused(RefusalOf("ann", snapshot), "RATE_LIMIT_EXCEEDED", 1'000);
  SetBounds({.snapshots = 1});
  std::vector<std::unique_ptr<TestStream>> streams;
  for (int i = 0; i < 3; ++i) {
    streams.push_back(hub.Subscribe(snapshot, TokenOf("ann")));
    streams.back()->AwaitCaughtUp();
  }
}

TEST_F(HubSubjectLimits, PublishesHaveARate) {
  SetBounds({.publishes = 1});
  EXPECT_TRUE(Eventually([&] { return !Publish("ann").ok(); }));
  ExpectRefused(Publish("ann"), "RATE_LIMIT_EXCEEDED", 1'000);
  v1::SubmitAlertResponse alert;
  ExpectRefused(hub.Call(&v1::EventHub::Stub::SubmitAlert, {}, alert, TokenOf("ann")),
                "RATE_LIMIT_EXCEEDED", 1'000);
  v1::SubmitAlertsResponse alerts;
  ExpectRefused(hub.Call(&v1::EventHub::Stub::SubmitAlerts, {}, alerts, TokenOf("ann")),
                "RATE_LIMIT_EXCEEDED", 1'000);
  EXPECT_TRUE(Publish("bob").ok());
}

TEST_F(HubSubjectLimits, EachRequestOfAPublishStreamIsAnsweredAndTheStreamGoesOn) {
  SetBounds({.publishes = 1});
  grpc::ClientContext context;
  context.AddMetadata("authorization", TokenOf("ann"));
  const auto stream = hub.hub().stub().PublishStream(&context);
  v1::PublishStreamRequest request;
  *request.mutable_publish()->add_events() = SystemEvent("one");
  int refused = 0;
  for (int i = 0; i < 5; ++i) {
    request.mutable_publish()->mutable_events(0)->clear_id();
    ASSERT_TRUE(stream->Write(request));
    v1::PublishStreamResponse response;
    ASSERT_TRUE(stream->Read(&response));
    if (response.has_error()) {
      ++refused;
      EXPECT_EQ(response.error().reason(), "RATE_LIMIT_EXCEEDED");
      EXPECT_TRUE(response.error().has_retry_after());
    }
  }
  EXPECT_GE(refused, 1);
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(HubSubjectLimits, OneThatIsNotCountedHasNone) {
  SetBounds({.connections = 1, .publishes = 1, .uncounted = {"bridge"}});
  std::vector<std::unique_ptr<TestStream>> streams;
  for (int i = 0; i < 4; ++i) {
    streams.push_back(Open("bridge"));
    EXPECT_TRUE(Publish("bridge").ok());
  }
}

}  // namespace
}  // namespace tocsin::hub
