#include "hub/service/unary_call.h"

#include "hub/service/grpc_status.h"
#include "hub/service/hub_shard.h"
#include "hub/service/peer_address.h"
#include "hub/service/raw_message.h"

namespace tocsin::hub {

void UnaryCall::Prepare() {
  if (method_.tells_abandoned) {
    context_.AsyncNotifyWhenDone(&done_);
  }
}

std::unique_ptr<Call> UnaryCall::Another() const {
  return std::make_unique<UnaryCall>(shard_, service_, method_);
}

std::string UnaryCall::address() const {
  const std::optional<PeerAddress> peer = ParsePeer(context_.peer());
  return peer ? peer->address.ToString() : "unix socket";
}

bool UnaryCall::Read(google::protobuf::Message& message) {
  const absl::Status read = ParseRaw(request_, message);
  request_.Clear();
  if (!read.ok()) {
    Fail(read);
  }
  return read.ok();
}

bool UnaryCall::ReadPublish(google::protobuf::Message& message) {
  if (const absl::Status counted = CountPublish(); !counted.ok()) {
    Fail(counted);
    return false;
  }
  return Read(message);
}

void UnaryCall::Answer(const google::protobuf::Message& response) {
  if (ended_ = shard_.closed(); ended_) {
    return;
  }
  grpc::ByteBuffer bytes;
  const grpc::Status status = SerializeRaw(response, bytes);
  status.ok() ? stream_.WriteAndFinish(bytes, grpc::WriteOptions(), status, &finished_)
              : stream_.Finish(status, &finished_);
}

void UnaryCall::Fail(const absl::Status& error) {
  if (ended_ = shard_.closed(); ended_) {
    return;
  }
  stream_.Finish(ToGrpcStatus(error), &finished_);
}

void UnaryCall::OnFinished(bool) { ended_ = true; }

void UnaryCall::OnDone(bool) {
  over_ = true;
  abandoned_ = context_.IsCancelled();
}

}  // namespace tocsin::hub
