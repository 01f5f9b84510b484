// grpc_status.h: the error table's statuses as gRPC clients expect them: google.rpc details beside
// code and text.
//
// Shape:   ErrorInfo (reason = the table's name, domain "tocsin", metadata allowed, earliest,
//          latest), BadRequest with the field's path, RetryInfo: each where the error has it.
// Threads: pure.
// Source:  docs/protocol.md, section 4; AIP-193.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::hub {

grpc::Status ToGrpcStatus(const absl::Status& status);
// For a publish stream, whose refused requests do not end it.
v1::PublishError ToPublishError(const absl::Status& status);

}  // namespace tocsin::hub
