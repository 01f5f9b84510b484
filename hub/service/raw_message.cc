#include "hub/service/raw_message.h"

#include <grpcpp/impl/codegen/proto_utils.h>

#include "absl/strings/str_cat.h"
#include "core/event/error.h"

namespace tocsin::hub {

absl::Status ParseRaw(const grpc::ByteBuffer& bytes, google::protobuf::Message& message) {
  grpc::ByteBuffer shared = bytes;
  grpc::ProtoBufferReader reader(&shared);
  if (reader.status().ok() && message.ParseFromZeroCopyStream(&reader)) {
    return absl::OkStatus();
  }
  return MakeError(ErrorCode::kInvalidMessage,
                   absl::StrCat("the request's bytes are no ", message.GetDescriptor()->name(),
                                "; texts must be valid UTF-8"));
}

grpc::Status SerializeRaw(const google::protobuf::Message& message, grpc::ByteBuffer& out) {
  out.Clear();  // gRPC's writer takes only an empty one
  bool own_buffer = false;
  return grpc::GenericSerialize<grpc::ProtoBufferWriter, google::protobuf::Message>(message, &out,
                                                                                    &own_buffer);
}

}  // namespace tocsin::hub
