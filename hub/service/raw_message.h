// raw_message.h: parses the requests of raw methods, and serializes their responses.
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
// INVALID_MESSAGE that names a field which this version does not know. The field may ask for
// something that this hub would not do, so it is refused instead of ignored.
absl::Status CheckNoUnknownFields(const google::protobuf::Message& message);
grpc::Status SerializeRaw(const google::protobuf::Message& message, grpc::ByteBuffer& out);

}  // namespace tocsin::hub
