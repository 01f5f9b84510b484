// client.h: the way to the hub, and its errors in words that help at three in the morning.
//
// Errors:  gRPC's statuses, turned into a Failure: what failed, where, what to do about it.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cli/command.h"
#include "tocsin/v1/hub.grpc.pb.h"

namespace tocsin::cli {

// gRPC lets channels to one address share a connection, unless told otherwise.
enum class Connection { kShared, kOwn };
std::shared_ptr<grpc::Channel> OpenChannel(const Globals& globals,
                                           Connection connection = Connection::kShared);

// From now; what the call may take in all.
void SetTimeout(grpc::ClientContext& context, absl::Duration timeout);

// What a status's details say besides its message; empty where they do not.
struct StatusDetails {
  std::string reason;  // "INVALID_FILTER"
  std::string field;
  std::string earliest;
  std::string latest;
  absl::Duration retry_after = absl::ZeroDuration();
};
StatusDetails DetailsOf(const grpc::Status& status);

struct Failure {
  int exit_code;
  std::string text;
};
// In a few words: "connection refused", or the hub's own message.
std::string WhyLost(const grpc::Status& status);
Failure FailureOf(const grpc::Status& status, const std::string& hub);

// The same request may succeed later: nobody there, starting, draining, overloaded, connection cut.
bool IsTransient(const grpc::Status& status);
bool IsTransient(grpc::StatusCode code, const std::string& reason);

}  // namespace tocsin::cli
