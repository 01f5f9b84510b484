#include "hub/service/unary_call.h"

#include "hub/service/grpc_status.h"
#include "hub/service/hub_shard.h"
#include "hub/service/raw_message.h"

namespace tocsin::hub {

void UnaryCall::Request(void* tag) {
  if (method_.tells_abandoned) {
    context_.AsyncNotifyWhenDone(&done_);
  }
  method_.request(shard_, context_, request_, responder_, tag);
}

std::unique_ptr<Call> UnaryCall::Another() const {
  return std::make_unique<UnaryCall>(shard_, method_);
}

bool UnaryCall::Read(google::protobuf::Message& message) {
  const absl::Status read = ParseRaw(request_, message);
  request_.Clear();
  if (!read.ok()) {
    Fail(read);
  }
  return read.ok();
}

void UnaryCall::Answer(const google::protobuf::Message& response) {
  if (ended_ = shard_.closed(); ended_) {
    return;
  }
  grpc::ByteBuffer bytes;
  const grpc::Status status = SerializeRaw(response, bytes);
  responder_.Finish(bytes, status, &finished_);
}

void UnaryCall::Fail(const absl::Status& error) {
  if (ended_ = shard_.closed(); ended_) {
    return;
  }
  responder_.FinishWithError(ToGrpcStatus(error), &finished_);
}

void UnaryCall::OnFinished(bool) { ended_ = true; }

void UnaryCall::OnDone(bool) {
  over_ = true;
  abandoned_ = context_.IsCancelled();
}

}  // namespace tocsin::hub
