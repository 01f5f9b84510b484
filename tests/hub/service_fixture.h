// service_fixture.h: a whole hub in the test's process, and clients that talk gRPC to it over a
// real socket.
//
// Every call has a deadline, so that a hub that does not answer fails the test instead of hanging
// it.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>
#include <grpcpp/support/sync_stream.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "hub/service/hub.h"
#include "hub_fixtures.h"
#include "tocsin/v1/hub.grpc.pb.h"

namespace tocsin::hub {

// Memory store, free ports.
HubConfig TestConfig();
// The same on a disk.
HubConfig DiskConfig(const TempDir& dir);

// What google.rpc details a status carries.
struct Details {
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad_request;
  google::rpc::RetryInfo retry;
  std::string field() const;  // the first violation's
};
Details DetailsOf(const grpc::Status& status);

class TestStream {
 public:
  // `authorization`: metadata of that name, none where it is empty.
  TestStream(v1::EventHub::Stub& stub, const v1::SubscribeRequest& request,
             const std::string& authorization = "");
  ~TestStream();

  // The next response; false at the end of the stream.
  bool Read(v1::SubscribeResponse& response);
  // Reads until a response says caught_up.
  void AwaitCaughtUp();
  // Reads until so many events have come; their sequences.
  std::vector<uint64_t> ReadSequences(size_t count);
  // Reads what is left and answers the end's status.
  grpc::Status Finish();
  void Cancel() { context_.TryCancel(); }

  // What the hub calls this stream; after the first response.
  std::string SessionId();
  const std::string& cursor() const { return cursor_; }  // the last one seen

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::SubscribeResponse>> reader_;
  std::string cursor_;
  bool finished_ = false;
};

class TestHub {
 public:
  explicit TestHub(HubConfig config = TestConfig());

  Hub& hub() { return *hub_; }
  v1::EventHub::Stub& stub() { return *stub_; }
  const std::shared_ptr<grpc::Channel>& channel() { return channel_; }

  grpc::Status Publish(const v1::PublishRequest& request, v1::PublishResponse* response = nullptr);
  // Publishes so many system events, one a call or all in one; the sequence of the last.
  uint64_t PublishEvents(size_t count, size_t padding = 0);
  uint64_t PublishIncident(v1::Severity severity);
  v1::GetStatusResponse Status();
  std::unique_ptr<TestStream> Subscribe(const v1::SubscribeRequest& request = {});
  // The body of a GET to the operations port, after its status line and fields.
  std::string GetOps(std::string_view path, std::string* head = nullptr);
  // Calls a unary method by its bytes, with so many fields of authorization.
  std::string Call(const std::string& method, const std::string& request,
                   grpc::Status* status = nullptr,
                   const std::vector<std::string>& authorization = {});

 private:
  std::unique_ptr<Hub> hub_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::EventHub::Stub> stub_;
};

// Asks until `holds`, for at most 10 s.
bool Eventually(const std::function<bool()>& holds);

}  // namespace tocsin::hub
