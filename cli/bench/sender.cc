#include "cli/bench/sender.h"

#include "absl/status/status.h"
#include "cli/bench/bench_event.h"
#include "cli/client.h"
#include "core/rpc/hub_error.h"

namespace tocsin::cli::bench {

void RequestMaker::Fill(const Batch& batch, v1::PublishRequest& request) const {
  auto& events = *request.mutable_events();
  const auto wanted = static_cast<int>(batch.events);
  if (events.size() > wanted) events.DeleteSubrange(wanted, events.size() - wanted);
  while (events.size() < wanted) *events.Add() = event_;
  for (int i = 0; i < wanted; ++i) {
    SetStamp(events[i], {batch.first + static_cast<uint64_t>(i), batch.due});
  }
}

std::string ErrorName(grpc::StatusCode code, const std::string& reason) {
  // gRPC's codes are Abseil's.
  return reason.empty() ? absl::StatusCodeToString(static_cast<absl::StatusCode>(code)) : reason;
}

std::string ErrorName(const grpc::Status& status) {
  return ErrorName(status.error_code(), rpc::ReadHubError(status).reason);
}

}  // namespace tocsin::cli::bench
