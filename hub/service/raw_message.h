// raw_message.h: messages of the raw methods, to and from their bytes.
//
// Threads: pure.
// Errors:  INVALID_MESSAGE for bytes that are no such message.
#pragma once

#include <google/protobuf/message.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace tocsin::hub {

absl::Status ParseRaw(const grpc::ByteBuffer& bytes, google::protobuf::Message& message);
// INVALID_MESSAGE with the number of a field that this version does not know: it may ask for what
// the hub would not do, and is better refused than ignored.
absl::Status CheckNoUnknownFields(const google::protobuf::Message& message);
grpc::Status SerializeRaw(const google::protobuf::Message& message, grpc::ByteBuffer& out);

}  // namespace tocsin::hub
