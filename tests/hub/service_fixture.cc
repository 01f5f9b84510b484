#include "service_fixture.h"

#include <arpa/inet.h>
#include <google/protobuf/any.pb.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <grpcpp/support/byte_buffer.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "core/base/check.h"
#include "google/rpc/status.pb.h"
#include "hub_fixtures.h"

namespace tocsin::hub {
namespace {

std::chrono::system_clock::time_point Deadline() {
  return std::chrono::system_clock::now() + std::chrono::seconds(20);
}

// A channel of its own: gRPC shares connections between equal ones.
std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

std::string Text(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  TOCSIN_CHECK(buffer.Dump(&slices).ok());
  std::string text;
  for (const grpc::Slice& slice : slices) {
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return text;
}

}  // namespace

HubConfig TestConfig() {
  HubFlags flags;
  flags.listen = "127.0.0.1:0";
  flags.ops_listen = "127.0.0.1:0";
  flags.config.store = "memory";
  flags.shards = 2;
  auto config = HubConfig::From(flags);
  TOCSIN_CHECK(config.ok());
  return *config;
}

HubConfig DiskConfig(const TempDir& dir) {
  HubConfig config = TestConfig();
  config.store = "rocksdb";
  config.data_dir = dir.path();
  return config;
}

std::string Details::field() const {
  return bad_request.field_violations().empty() ? "" : bad_request.field_violations(0).field();
}

Details DetailsOf(const grpc::Status& status) {
  google::rpc::Status full;
  Details details;
  EXPECT_TRUE(full.ParseFromString(status.error_details()));
  EXPECT_EQ(full.code(), static_cast<int>(status.error_code()));
  for (const auto& any : full.details()) {
    any.UnpackTo(&details.info);
    any.UnpackTo(&details.bad_request);
    any.UnpackTo(&details.retry);
  }
  return details;
}

TestStream::TestStream(v1::EventHub::Stub& stub, const v1::SubscribeRequest& request,
                       const std::string& authorization) {
  context_.set_deadline(Deadline());
  if (!authorization.empty()) {
    context_.AddMetadata("authorization", authorization);
  }
  reader_ = stub.Subscribe(&context_, request);
}

TestStream::~TestStream() {
  context_.TryCancel();
  if (!finished_) {
    Finish();
  }
}

bool TestStream::Read(v1::SubscribeResponse& response) {
  response.Clear();
  if (!reader_->Read(&response)) {
    return false;
  }
  if (!response.cursor().empty()) {
    cursor_ = response.cursor();
  }
  return true;
}

void TestStream::AwaitCaughtUp() {
  v1::SubscribeResponse response;
  while (!response.caught_up()) {
    ASSERT_TRUE(Read(response));
  }
}

std::vector<uint64_t> TestStream::ReadSequences(size_t count) {
  std::vector<uint64_t> sequences;
  v1::SubscribeResponse response;
  while (sequences.size() < count && Read(response)) {
    for (const v1::Event& event : response.events()) {
      sequences.push_back(event.sequence());
    }
  }
  return sequences;
}

std::string TestStream::SessionId() {
  const auto& metadata = context_.GetServerInitialMetadata();
  const auto found = metadata.find("tocsin-session");
  return found == metadata.end() ? "" : std::string(found->second.data(), found->second.size());
}

grpc::Status TestStream::Finish() {
  v1::SubscribeResponse response;
  while (Read(response)) {
  }
  finished_ = true;
  return reader_->Finish();
}

TestHub::TestHub(HubConfig config) {
  auto hub = Hub::Start(std::move(config));
  TOCSIN_CHECK(hub.ok());
  hub_ = *std::move(hub);
  channel_ = Connect(hub_->address().ToString());
  stub_ = v1::EventHub::NewStub(channel_);
}

grpc::Status TestHub::Publish(const v1::PublishRequest& request, v1::PublishResponse* response) {
  grpc::ClientContext context;
  context.set_deadline(Deadline());
  v1::PublishResponse ignored;
  return stub_->Publish(&context, request, response == nullptr ? &ignored : response);
}

uint64_t TestHub::PublishEvents(size_t count, size_t padding) {
  v1::PublishRequest request;
  for (size_t i = 0; i < count; ++i) {
    *request.add_events() = SystemEvent("event " + std::to_string(i) + std::string(padding, '.'));
  }
  v1::PublishResponse response;
  const grpc::Status status = Publish(request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return status.ok() ? response.results().rbegin()->sequence() : 0;
}

uint64_t TestHub::PublishIncident(v1::Severity severity) {
  v1::PublishRequest request;
  *request.add_events() = IncidentCreated("", severity);
  v1::PublishResponse response;
  const grpc::Status status = Publish(request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return status.ok() ? response.results(0).sequence() : 0;
}

v1::GetStatusResponse TestHub::Status() {
  grpc::ClientContext context;
  context.set_deadline(Deadline());
  v1::GetStatusResponse response;
  const grpc::Status status = stub_->GetStatus(&context, {}, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

std::unique_ptr<TestStream> TestHub::Subscribe(const v1::SubscribeRequest& request) {
  return std::make_unique<TestStream>(*stub_, request);
}

std::string TestHub::GetOps(std::string_view path, std::string* head) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(hub_->ops_port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const std::string request =
      "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  EXPECT_EQ(send(fd, request.data(), request.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(request.size()));
  std::string answer;
  char part[4096];
  for (ssize_t size = 0; (size = recv(fd, part, sizeof part, 0)) > 0;) {
    answer.append(part, static_cast<size_t>(size));
  }
  close(fd);
  const size_t end = answer.find("\r\n\r\n");
  EXPECT_NE(end, std::string::npos) << answer;
  if (head != nullptr) {
    *head = answer.substr(0, end);
  }
  return end == std::string::npos ? "" : answer.substr(end + 4);
}

std::string TestHub::Call(const std::string& method, const std::string& request,
                          grpc::Status* status, const std::vector<std::string>& authorization) {
  grpc::ClientContext context;
  context.set_deadline(Deadline());
  for (const std::string& each : authorization) {
    context.AddMetadata("authorization", each);
  }
  const grpc::Slice slice(request);
  const grpc::ByteBuffer in(&slice, 1);
  grpc::ByteBuffer out;
  const grpc::internal::RpcMethod rpc(method.c_str(), grpc::internal::RpcMethod::NORMAL_RPC);
  const grpc::Status got = grpc::internal::BlockingUnaryCall<grpc::ByteBuffer, grpc::ByteBuffer>(
      channel_.get(), rpc, &context, in, &out);
  if (status != nullptr) {
    *status = got;
  }
  return got.ok() ? Text(out) : "";
}

bool Eventually(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) {
      return false;
    }
    std::this_thread::yield();
  }
  return true;
}

}  // namespace tocsin::hub
