#include "hub/service/health_watch.h"

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "hub/service/grpc_status.h"
#include "hub/service/hub_shard.h"
#include "hub/service/raw_message.h"
#include "tocsin/v1/hub.grpc.pb.h"

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

HealthWatch::HealthWatch(HubShard& shard) : RequestCall(shard, shard.health_rpc(), "Watch") {}

HealthWatch::~HealthWatch() { shard_.watches().Leave(place_); }

std::unique_ptr<Call> HealthWatch::Another() const { return std::make_unique<HealthWatch>(shard_); }

void HealthWatch::Serve() {
  if (const absl::Status begun = Watch(); !begun.ok()) {
    Refuse(begun);
  }
}

void HealthWatch::Refuse(const absl::Status& error) {
  if (!end_) {
    end_ = error;
    Step();
  }
}

absl::Status HealthWatch::Watch() {
  grpc::health::v1::HealthCheckRequest request;
  RETURN_IF_ERROR(ParseRaw(request_, request));
  request_.Clear();
  place_.since = shard_.clock().Monotonic();
  if (!shard_.watches().Take(place_, place_.since)) {
    return MakeError(ErrorCode::kRateLimitExceeded,
                     absl::StrCat("this shard of the hub serves its ", kMost,
                                  " health watches, and your peer has as many as any"),
                     {.retry_after = absl::Seconds(5)});
  }
  known_ = IsHealthService(request.service());
  Tell(known_ ? HealthStatus(shard_.serving()) : Response::SERVICE_UNKNOWN);
  return absl::OkStatus();
}

void HealthWatch::Place::GiveWay() {
  watch_.Refuse(MakeError(
      ErrorCode::kServiceUnavailable,
      absl::StrCat("another peer needs one of the ", kMost,
                   " health watches of this shard, and of the peer that has most of them this one "
                   "was there for longest"),
      {.retry_after = absl::Seconds(5)}));
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
  Refuse(MakeError(ErrorCode::kServiceUnavailable, "the hub is shutting down",
                   {.retry_after = absl::Seconds(1)}));
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
      return stream_.Write(bytes, &written_);
    }
  }
  if (end_) {
    busy_ = finish_called_ = true;
    stream_.Finish(ToGrpcStatus(*end_), &finished_);
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
