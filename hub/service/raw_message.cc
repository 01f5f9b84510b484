#include "hub/service/raw_message.h"

#include <google/protobuf/unknown_field_set.h>
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

absl::Status CheckNoUnknownFields(const google::protobuf::Message& message) {
  const auto& unknown = message.GetReflection()->GetUnknownFields(message);
  if (unknown.empty()) {
    return absl::OkStatus();
  }
  return MakeError(
      ErrorCode::kInvalidMessage,
      absl::StrCat("the request has an unknown field, number ", unknown.field(0).number(),
                   "; it was made for another version of the schema"));
}

grpc::Status SerializeRaw(const google::protobuf::Message& message, grpc::ByteBuffer& out) {
  out.Clear();  // gRPC's writer takes only an empty one
  bool own_buffer = false;
  return grpc::GenericSerialize<grpc::ProtoBufferWriter, google::protobuf::Message>(message, &out,
                                                                                    &own_buffer);
}

}  // namespace tocsin::hub
