// unary_call.h: one call of a method with one request and one response.
//
// Shape:   the method that is given the request answers it once, at once or later.
// Threads: its shard's; an answer that comes from elsewhere is posted to the shard first.
// Errors:  as google.rpc details in the status (grpc_status.h).
#pragma once

#include <google/protobuf/message.h>

#include <atomic>
#include <string>

#include "absl/status/status.h"
#include "hub/service/request_call.h"

namespace tocsin::hub {

class UnaryCall final : public RequestCall {
 public:
  // What differs between methods.
  struct Method {
    const char* name;  // in the service's schema
    // Answers the request now, or arranges that it is answered later.
    void (*serve)(UnaryCall& call);
    // Whether abandoned() tells; it costs the call a completion more.
    bool tells_abandoned = false;
  };

  UnaryCall(HubShard& shard, RawService& service, const Method& method)
      : RequestCall(shard, service, method.name), method_(method) {}

  HubShard& shard() { return shard_; }
  // Whose it is: "192.0.2.7", or "unix socket".
  std::string address() const;
  // Parses the request. When its bytes are no such message, answers it with an error and returns
  // false.
  bool Read(google::protobuf::Message& message);
  // The same for a request that publishes, which counts for its caller's rate.
  bool ReadPublish(google::protobuf::Message& message);
  // Answers the call. Once, on the shard's thread.
  void Answer(const google::protobuf::Message& response);
  void Fail(const absl::Status& error);
  // The client has gone, or its deadline has passed. From any thread.
  bool abandoned() const { return abandoned_; }

  // Call.
  std::unique_ptr<Call> Another() const override;

 private:
  void Prepare() override;
  void Serve() override { method_.serve(*this); }
  void Refuse(const absl::Status& error) override { Fail(error); }
  bool ended() const override {
    return ended_ && !reading() && (over_ || !method_.tells_abandoned);
  }
  void OnFinished(bool ok);
  void OnDone(bool ok);

  const Method& method_;
  Completion finished_ = Tag(&UnaryCall::OnFinished);
  Completion done_ = Tag(&UnaryCall::OnDone);
  bool ended_ = false;
  bool over_ = false;  // gRPC has told so
  std::atomic<bool> abandoned_{false};
};

}  // namespace tocsin::hub
