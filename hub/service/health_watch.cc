#include "hub/service/health_watch.h"

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "hub/service/grpc_status.h"
#include "hub/service/hub_shard.h"
#include "hub/service/raw_message.h"

namespace tocsin::hub {
namespace {

using Response = grpc::health::v1::HealthCheckResponse;

}  // namespace

bool IsHealthService(std::string_view name) {
  return name.empty() || name == v1::EventHub::service_full_name();
}

HealthServingStatus HealthStatus(bool serving) {
  return serving ? Response::SERVING : Response::NOT_SERVING;
}

HealthWatch::HealthWatch(HubShard& shard) : Call(shard), writer_(&context_) {}

HealthWatch::~HealthWatch() {
  if (counted_) {
    shard_.LeaveWatch();
  }
}

void HealthWatch::Request(void* tag) {
  context_.AsyncNotifyWhenDone(&done_);
  shard_.health_rpc().RequestWatch(&context_, &request_, &writer_, &shard_.queue(), &shard_.queue(),
                                   tag);
}

std::unique_ptr<Call> HealthWatch::Another() const { return std::make_unique<HealthWatch>(shard_); }

void HealthWatch::Begin() {
  if (absl::Status begun = Watch(); !begun.ok()) {
    end_ = std::move(begun);
    Step();
  }
}

absl::Status HealthWatch::Watch() {
  grpc::health::v1::HealthCheckRequest request;
  RETURN_IF_ERROR(ParseRaw(request_, request));
  request_.Clear();
  RETURN_IF_ERROR(shard_.EnterWatch(kMaxWatches));
  counted_ = true;
  known_ = IsHealthService(request.service());
  Tell(known_ ? HealthStatus(shard_.serving()) : Response::SERVICE_UNKNOWN);
  return absl::OkStatus();
}

void HealthWatch::OnServing(bool serving) {
  if (known_) {
    Tell(HealthStatus(serving));
  }
}

void HealthWatch::Tell(HealthServingStatus status) {
  to_tell_ = status;
  Step();
}

void HealthWatch::Drain() {
  if (!end_) {
    end_ = MakeError(ErrorCode::kServiceUnavailable, "the hub is shutting down",
                     {.retry_after = absl::Seconds(1)});
    Step();
  }
}

void HealthWatch::Step() {
  if (busy_ || finish_called_ || call_over_ || shard_.closed()) {
    return;
  }
  if (to_tell_ && to_tell_ != told_) {
    Response response;
    response.set_status(*to_tell_);
    grpc::ByteBuffer bytes;
    if (SerializeRaw(response, bytes).ok()) {
      told_ = to_tell_;
      busy_ = true;
      return writer_.Write(bytes, &written_);
    }
  }
  if (end_) {
    busy_ = finish_called_ = true;
    writer_.Finish(ToGrpcStatus(*end_), &finished_);
  }
}

void HealthWatch::OnWritten(bool ok) {
  busy_ = false;
  if (ok) {
    Step();
  }
}

void HealthWatch::OnFinished(bool) { busy_ = false; }

void HealthWatch::OnDone(bool) { call_over_ = true; }

}  // namespace tocsin::hub
