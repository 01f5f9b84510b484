// grpc_status.h: turns a status of the error table into a gRPC status with google.rpc details.
//
// Shape:   ErrorInfo (reason = the table's name, domain "tocsin", metadata allowed, earliest,
//          latest), BadRequest with the field's path, RetryInfo. Each is added only when the error
//          has it.
// Threads: pure.
// Source:  docs/protocol.md, section 4; AIP-193.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::rpc {

grpc::Status ToGrpcStatus(const absl::Status& status);
// For a publish stream, whose refused requests do not end it.
v1::PublishError ToPublishError(const absl::Status& status);

}  // namespace tocsin::rpc
