// hub_error.h: reads the error of a hub from a gRPC status.
//
// Threads: pure.
#pragma once

#include <grpcpp/support/status.h>

#include <string>

#include "absl/status/status.h"
#include "core/event/error.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::rpc {

// What the status's google.rpc details say besides its message; empty where they do not.
struct HubError {
  std::string reason;    // google.rpc.ErrorInfo: "INVALID_FILTER"; empty: gRPC's own status
  ErrorDetails details;  // ErrorInfo, BadRequest and RetryInfo
};
HubError ReadHubError(const grpc::Status& status);

// The same error as an absl::Status of the error table (core/event/error.h). A method that the hub
// does not know is SERVICE_UNAVAILABLE: the hub is too old.
absl::Status FromGrpcStatus(const grpc::Status& status);

// The same of an error that the hub gives beside other outcomes.
absl::Status FromPublishError(const v1::PublishError& error);

// True when the same call may succeed later: the hub cannot be reached, is starting, draining or
// overloaded, or the connection was lost. Also true for OK: a hub never ends a stream with OK, so
// the stream was cut.
bool MayRetry(grpc::StatusCode code, const std::string& reason);
bool MayRetry(const grpc::Status& status);

}  // namespace tocsin::rpc
