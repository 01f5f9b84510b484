// hub_error.h: a hub's refusal, read from a gRPC status.
//
// Threads: pure.
#pragma once

#include <grpcpp/support/status.h>

#include <string>

#include "absl/status/status.h"
#include "core/event/error.h"

namespace tocsin::rpc {

// What the status's google.rpc details say besides its message; empty where they do not.
struct HubError {
  std::string reason;    // google.rpc.ErrorInfo: "INVALID_FILTER"; empty: gRPC's own status
  ErrorDetails details;  // ErrorInfo, BadRequest and RetryInfo
};
HubError ReadHubError(const grpc::Status& status);

// The same as the status that this project's own programs answer their clients from.
absl::Status FromGrpcStatus(const grpc::Status& status);

// True when the same call may succeed later: nobody there, starting, draining, overloaded, cut.
// Says so of OK too, with which no stream of ours ends: it was cut.
bool MayRetry(grpc::StatusCode code, const std::string& reason);
bool MayRetry(const grpc::Status& status);

}  // namespace tocsin::rpc
