// Publish and PublishStream over a real socket.
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <thread>

#include "core/event/limits.h"
#include "hub_fixtures.h"
#include "service_fixture.h"

namespace tocsin::hub {
namespace {

v1::PublishRequest One(const v1::Event& event) {
  v1::PublishRequest request;
  *request.add_events() = event;
  return request;
}

// As a client may send it, whatever is wrong with it.
v1::Event RawEvent(const std::string& message, const std::string& id = "") {
  v1::Event event;
  event.set_id(id);
  event.mutable_system_event()->set_category("test");
  event.mutable_system_event()->set_message(message);
  return event;
}

TEST(HubPublish, AnswersEachEventsPlace) {
  TestHub hub;
  v1::PublishRequest request;
  *request.add_events() = SystemEvent("one", TestUuid(1));
  *request.add_events() = IncidentCreated("");
  v1::PublishResponse response;
  const grpc::Status status = hub.Publish(request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(response.results_size(), 2);
  EXPECT_EQ(response.results(0).id(), TestUuid(1));
  EXPECT_EQ(response.results(0).sequence(), 1u);
  EXPECT_EQ(response.results(1).sequence(), 2u);
  EXPECT_FALSE(response.results(1).incident_id().empty());
  EXPECT_EQ(response.results(1).cursor(), hub.Status().latest());
  EXPECT_FALSE(response.results(0).duplicate());
}

TEST(HubPublish, SameIdAgainIsADuplicateAndWithOtherContentAnError) {
  TestHub hub;
  ASSERT_TRUE(hub.Publish(One(SystemEvent("one", TestUuid(1)))).ok());
  v1::PublishResponse again;
  ASSERT_TRUE(hub.Publish(One(SystemEvent("one", TestUuid(1))), &again).ok());
  EXPECT_TRUE(again.results(0).duplicate());
  EXPECT_EQ(again.results(0).sequence(), 1u);
  EXPECT_EQ(hub.Publish(One(SystemEvent("two", TestUuid(1)))).error_code(),
            grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_EQ(hub.Status().last_sequence(), 1u);
}

struct Wrong {
  std::string name;
  v1::PublishRequest request;
  std::string field;
  grpc::StatusCode code = grpc::StatusCode::INVALID_ARGUMENT;
  std::string reason = "INVALID_MESSAGE";
};

std::vector<Wrong> WrongRequests() {
  std::vector<Wrong> rows;
  rows.push_back({"empty", {}, "events"});
  v1::PublishRequest many;
  for (size_t i = 0; i <= limits::kPublishEvents; ++i) {
    *many.add_events() = SystemEvent("x");
  }
  rows.push_back({"too many", many, "events"});
  v1::PublishRequest large;
  for (int i = 0; i < 5; ++i) {
    *large.add_events() = SystemEvent(std::string(900'000, 'x'));
  }
  rows.push_back({"too large together", large, "events", grpc::StatusCode::RESOURCE_EXHAUSTED,
                  "MESSAGE_TOO_LARGE"});
  v1::Event huge = RawEvent(std::string(limits::kEventBytes, 'x'));
  rows.push_back({"one too large", One(huge), "events[0]", grpc::StatusCode::RESOURCE_EXHAUSTED,
                  "MESSAGE_TOO_LARGE"});
  v1::PublishRequest second = One(SystemEvent("fine"));
  *second.add_events() = RawEvent("x", "not a uuid");
  rows.push_back({"id of the second", second, "events[1].id"});
  v1::Event untitled = IncidentCreated("");
  untitled.mutable_incident()->clear_title();
  rows.push_back({"no title", One(untitled), "events[0].incident.title"});
  rows.push_back({"unknown incident", One(CommentOn(TestUuid(9), "hello")),
                  "events[0].comment_added.incident_id", grpc::StatusCode::NOT_FOUND, "NOT_FOUND"});
  return rows;
}

TEST(HubPublish, WrongRequestsNameTheFieldAndAppendNothing) {
  TestHub hub;
  for (const Wrong& row : WrongRequests()) {
    const grpc::Status status = hub.Publish(row.request);
    EXPECT_EQ(status.error_code(), row.code) << row.name << ": " << status.error_message();
    EXPECT_EQ(DetailsOf(status).info.reason(), row.reason) << row.name;
    EXPECT_EQ(DetailsOf(status).field(), row.field) << row.name;
  }
  EXPECT_EQ(hub.Status().last_sequence(), 0u);
  EXPECT_NE(
      hub.GetOps("/metrics").find("tocsin_publish_refused_total{reason=\"MESSAGE_TOO_LARGE\"} 2"),
      std::string::npos);
}

TEST(HubPublish, BytesThatAreNoRequestAreAnError) {
  TestHub hub;
  grpc::Status status;
  hub.Call("/tocsin.v1.EventHub/Publish", "\xff\xff\xff", &status);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  // An event whose actor is not UTF-8.
  hub.Call("/tocsin.v1.EventHub/Publish", "\x0a\x03\x3a\x01\xff", &status);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_NE(status.error_message().find("UTF-8"), std::string::npos);
}

TEST(HubPublish, ExpectedSequenceThatIsOldIsAborted) {
  TestHub hub;
  const std::string incident = TestUuid(7);
  ASSERT_TRUE(hub.Publish(One(IncidentCreated(incident))).ok());
  v1::PublishRequest comment = One(CommentOn(incident, "first"));
  comment.set_expected_incident_sequence(1);
  EXPECT_TRUE(hub.Publish(comment).ok());
  const grpc::Status status = hub.Publish(comment);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(DetailsOf(status).info.reason(), "CONFLICT");
}

class PublishStreamClient {
 public:
  explicit PublishStreamClient(TestHub& hub) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    stream_ = hub.stub().PublishStream(&context_);
  }
  bool Write(const v1::PublishRequest& publish) {
    v1::PublishStreamRequest request;
    *request.mutable_publish() = publish;
    return stream_->Write(request);
  }
  v1::PublishStreamResponse Read() {
    v1::PublishStreamResponse response;
    EXPECT_TRUE(stream_->Read(&response));
    return response;
  }
  grpc::Status Finish() {
    stream_->WritesDone();
    v1::PublishStreamResponse ignored;
    while (stream_->Read(&ignored)) {
    }
    return stream_->Finish();
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::PublishStreamRequest, v1::PublishStreamResponse>>
      stream_;
};

// Answered from the shards' own threads, and from the sequencer's.
class HubPublishStream : public testing::TestWithParam<std::string> {
 protected:
  HubConfig config() const { return GetParam() == "memory" ? TestConfig() : DiskConfig(dir_); }

 private:
  const TempDir dir_;
};

INSTANTIATE_TEST_SUITE_P(Stores, HubPublishStream, testing::Values("memory", "rocksdb"),
                         [](const auto& store) { return store.param; });

// More than the hub keeps under way at a time: reading pauses and goes on.
TEST_P(HubPublishStream, AnswersPipelinedRequestsInOrder) {
  TestHub hub(config());
  PublishStreamClient client(hub);
  constexpr int kRequests = 500;
  std::thread writer([&] {
    for (int i = 0; i < kRequests; ++i) {
      EXPECT_TRUE(client.Write(One(SystemEvent("x"))));
    }
  });
  for (uint64_t i = 1; i <= kRequests; ++i) {
    const v1::PublishStreamResponse answer = client.Read();
    ASSERT_TRUE(answer.has_response()) << answer.error().message();
    EXPECT_EQ(answer.response().results(0).sequence(), i);
  }
  writer.join();
  EXPECT_TRUE(client.Finish().ok());
}

TEST_P(HubPublishStream, AnswersARefusedRequestInItsPlaceAndGoesOn) {
  TestHub hub(config());
  PublishStreamClient client(hub);
  client.Write(One(SystemEvent("fine")));
  client.Write({});
  client.Write(One(RawEvent("x", "no uuid")));
  client.Write(One(SystemEvent("fine")));
  EXPECT_EQ(client.Read().response().results(0).sequence(), 1u);
  const v1::PublishError empty = client.Read().error();
  EXPECT_EQ(empty.status_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(empty.reason(), "INVALID_MESSAGE");
  EXPECT_EQ(empty.field(), "events");
  EXPECT_EQ(client.Read().error().field(), "events[0].id");
  EXPECT_EQ(client.Read().response().results(0).sequence(), 2u);
  EXPECT_TRUE(client.Finish().ok());
}

// PublishStream by its bytes.
class RawPublishStream {
 public:
  explicit RawPublishStream(TestHub& hub) : stub_(hub.channel()) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    call_ = stub_.PrepareCall(&context_, "/tocsin.v1.EventHub/PublishStream", &queue_);
    call_->StartCall(nullptr);
    EXPECT_TRUE(Wait());
  }
  ~RawPublishStream() {
    queue_.Shutdown();
    while (Wait()) {
    }
  }
  void Write(const std::string& bytes) {
    const grpc::Slice slice(bytes);
    call_->Write(grpc::ByteBuffer(&slice, 1), nullptr);
    EXPECT_TRUE(Wait());
  }
  v1::PublishStreamResponse Read() {
    grpc::ByteBuffer bytes;
    call_->Read(&bytes, nullptr);
    grpc::Slice text;
    v1::PublishStreamResponse response;
    EXPECT_TRUE(Wait() && bytes.DumpToSingleSlice(&text).ok() &&
                response.ParseFromArray(text.begin(), static_cast<int>(text.size())));
    return response;
  }
  grpc::Status Finish() {
    call_->WritesDone(nullptr);
    EXPECT_TRUE(Wait());
    grpc::Status status;
    call_->Finish(&status, nullptr);
    EXPECT_TRUE(Wait());
    return status;
  }

 private:
  bool Wait() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
};

TEST_P(HubPublishStream, BytesThatAreNoRequestAreAnsweredInTheirPlaceAndItGoesOn) {
  TestHub hub(config());
  RawPublishStream client(hub);
  v1::PublishStreamRequest fine;
  *fine.mutable_publish() = One(SystemEvent("fine"));
  client.Write(fine.SerializeAsString());
  client.Write("\xff\xff\xff");
  client.Write("\x0a\x05\x0a\x03\x3a\x01\xff");  // an event whose actor is not UTF-8
  client.Write(fine.SerializeAsString());
  EXPECT_EQ(client.Read().response().results(0).sequence(), 1u);
  EXPECT_EQ(client.Read().error().reason(), "INVALID_MESSAGE");
  const v1::PublishError text = client.Read().error();
  EXPECT_EQ(text.status_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_NE(text.message().find("UTF-8"), std::string::npos);
  EXPECT_EQ(client.Read().response().results(0).sequence(), 2u);
  EXPECT_TRUE(client.Finish().ok());
}

TEST_P(HubPublishStream, ClientThatGoesAwayLeavesItsPublishesAndNothingElse) {
  TestHub hub(config());
  {
    PublishStreamClient client(hub);
    for (int i = 0; i < 20; ++i) {
      client.Write(One(SystemEvent("x")));
    }
    client.Read();
  }
  EXPECT_GE(hub.Status().last_sequence(), 1u);
  hub.PublishEvents(1);
  EXPECT_TRUE(hub.hub().Drain().ok());
}

}  // namespace
}  // namespace tocsin::hub
