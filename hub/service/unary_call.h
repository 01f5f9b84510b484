// unary_call.h: one call of a method with one request and one response.
//
// Shape:   request → served by its method → answered once, then or later → finish.
// Threads: its shard's; an answer that comes from elsewhere is posted to the shard first.
// Errors:  as google.rpc details in the status (grpc_status.h).
#pragma once

#include <google/protobuf/message.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/byte_buffer.h>

#include "absl/status/status.h"
#include "hub/service/call.h"

namespace tocsin::hub {

class UnaryCall final : public Call {
 public:
  using Responder = grpc::ServerAsyncResponseWriter<grpc::ByteBuffer>;

  // What makes one method.
  struct Method {
    // Asks gRPC for the method's next call.
    void (*request)(HubShard& shard, grpc::ServerContext& context, grpc::ByteBuffer& request,
                    Responder& responder, void* tag);
    // Answers it, or sees to it that it is answered.
    void (*serve)(UnaryCall& call);
  };

  UnaryCall(HubShard& shard, const Method& method)
      : Call(shard), method_(method), responder_(&context_) {}

  HubShard& shard() { return shard_; }
  // False, and answered, when the request's bytes are no such message.
  bool Read(google::protobuf::Message& message);
  // Once, on the shard's thread.
  void Answer(const google::protobuf::Message& response);
  void Fail(const absl::Status& error);

  // Call.
  std::unique_ptr<Call> Another() const override;

 private:
  void Request(void* tag) override;
  void Begin() override { method_.serve(*this); }
  bool ended() const override { return ended_; }
  void OnFinished(bool ok);

  const Method& method_;
  grpc::ByteBuffer request_;
  Responder responder_;
  Completion finished_ = Tag(&UnaryCall::OnFinished);
  bool ended_ = false;
};

}  // namespace tocsin::hub
