#include "cli/hub_call.h"

#include <algorithm>

#include "cli/reconnect.h"
#include "core/base/backoff.h"
#include "core/rpc/hub_error.h"

namespace tocsin::cli {
namespace {

constexpr absl::Duration kLastTry = absl::Milliseconds(200);

}  // namespace

grpc::Status WithRetries(const Globals& globals,
                         const std::function<grpc::Status(v1::EventHub::Stub& hub,
                                                          grpc::ClientContext& context)>& call) {
  const std::shared_ptr<grpc::Channel> channel = OpenChannel(globals);
  const std::unique_ptr<v1::EventHub::Stub> hub = v1::EventHub::NewStub(channel);
  const absl::Time deadline = absl::Now() + globals.timeout;
  Backoff backoff(kFirstRetry, kLastRetry);
  while (true) {
    rpc::HubContext context(globals.token);
    context.set_deadline(absl::ToChronoTime(deadline));
    const grpc::Status status = call(*hub, context);
    if (status.ok() || !rpc::MayRetry(status)) return status;
    const absl::Duration floor = rpc::ReadHubError(status).details.retry_after;
    const absl::Duration left = deadline - absl::Now() - floor;
    // The wait is cut so that the last try comes just before the deadline, not after it.
    if (left < kLastTry) return status;
    WaitForNextTry(*channel, floor, std::min(backoff.Next(), left - kLastTry / 2), nullptr);
  }
}

int Tell(const grpc::Status& status, const Globals& globals) {
  const Failure failure = FailureOf(status, globals.hub);
  return Fail(failure.exit_code, failure.text);
}

}  // namespace tocsin::cli
