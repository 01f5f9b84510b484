// unary_call.h: one call of a method with one request and one response.
//
// Shape:   the method that is given the request answers it once, at once or later.
// Threads: its shard's; an answer that comes from elsewhere is posted to the shard first.
// Errors:  as google.rpc details in the status (grpc_status.h).
#pragma once

#include <google/protobuf/message.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/byte_buffer.h>

#include <atomic>

#include "absl/status/status.h"
#include "hub/service/call.h"

namespace tocsin::hub {

class UnaryCall final : public Call {
 public:
  using Responder = grpc::ServerAsyncResponseWriter<grpc::ByteBuffer>;

  // What differs between methods.
  struct Method {
    // Asks gRPC for the method's next call.
    void (*request)(HubShard& shard, grpc::ServerContext& context, grpc::ByteBuffer& request,
                    Responder& responder, void* tag);
    // Answers the request now, or arranges that it is answered later.
    void (*serve)(UnaryCall& call);
    // Whether abandoned() tells; it costs the call a completion more.
    bool tells_abandoned = false;
  };

  UnaryCall(HubShard& shard, const Method& method)
      : Call(shard), method_(method), responder_(&context_) {}

  HubShard& shard() { return shard_; }
  // Parses the request. When its bytes are no such message, answers it with an error and returns
  // false.
  bool Read(google::protobuf::Message& message);
  // Answers the call. Once, on the shard's thread.
  void Answer(const google::protobuf::Message& response);
  void Fail(const absl::Status& error);
  // The client has gone, or its deadline has passed. From any thread.
  bool abandoned() const { return abandoned_; }

  // Call.
  std::unique_ptr<Call> Another() const override;

 private:
  void Request(void* tag) override;
  void Begin() override { method_.serve(*this); }
  bool ended() const override { return ended_ && (over_ || !method_.tells_abandoned); }
  void OnFinished(bool ok);
  void OnDone(bool ok);

  const Method& method_;
  grpc::ByteBuffer request_;
  Responder responder_;
  Completion finished_ = Tag(&UnaryCall::OnFinished);
  Completion done_ = Tag(&UnaryCall::OnDone);
  bool ended_ = false;
  bool over_ = false;  // gRPC has told so
  std::atomic<bool> abandoned_{false};
};

}  // namespace tocsin::hub
