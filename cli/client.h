// client.h: opens a channel to the hub, and turns gRPC's errors into words for the user.
//
// Errors:  a Failure says what failed, where, and what to do about it.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cli/command.h"
#include "core/rpc/hub_channel.h"
#include "core/rpc/hub_token.h"
#include "tocsin/v1/hub.grpc.pb.h"

namespace tocsin::cli {

std::shared_ptr<grpc::Channel> OpenChannel(const Globals& globals,
                                           rpc::Connection connection = rpc::Connection::kShared);

// Sets the deadline of the whole call, counted from now.
void SetTimeout(grpc::ClientContext& context, absl::Duration timeout);

struct Failure {
  int exit_code;
  std::string text;
};
// Why the stream ended, in a few words: "connection refused", or the hub's own message.
std::string WhyLost(const grpc::Status& status);
Failure FailureOf(const grpc::Status& status, const std::string& hub);

}  // namespace tocsin::cli
