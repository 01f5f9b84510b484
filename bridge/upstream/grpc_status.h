// grpc_status.h: a hub's refusal as the status that the bridge's own clients are answered from.
//
// Threads: pure. Includes gRPC: for .cc files of bridge/upstream only.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace tocsin::bridge {

// With the code that google.rpc.ErrorInfo names and the details of google.rpc.BadRequest and
// RetryInfo, where they are.
absl::Status FromGrpcStatus(const grpc::Status& status);
// True when the same call may succeed later: the hub is away, or ended the stream in a way that is
// safe to resume from.
bool IsBrokenStream(const grpc::Status& status);

}  // namespace tocsin::bridge
