#include "hub/service/reflection_stream.h"

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/event/error.h"
#include "hub/service/grpc_status.h"
#include "hub/service/hub_shard.h"
#include "hub/service/raw_message.h"
#include "hub/service/reflection.h"

namespace tocsin::hub {

ReflectionStream::ReflectionStream(HubShard& shard)
    : Call(shard, shard.reflection_rpc(), "ServerReflectionInfo") {}

ReflectionStream::~ReflectionStream() { shard_.reflections().Leave(*this); }

std::unique_ptr<Call> ReflectionStream::Another() const {
  return std::make_unique<ReflectionStream>(shard_);
}

bool ReflectionStream::ended() const {
  return !reading_ && !writing_ && !finishing_ && (finish_called_ || shard_.closed());
}

void ReflectionStream::Begin() {
  idle_since_ = shard_.clock().Monotonic();
  if (!shard_.reflections().Take(*this, idle_since_)) {
    return End(MakeError(ErrorCode::kRateLimitExceeded,
                         absl::StrCat("this shard of the hub serves its ", kMost,
                                      " reflection streams, and your peer has as many as any"),
                         {.retry_after = absl::Seconds(1)}));
  }
  Step();
}

void ReflectionStream::GiveWay() {
  End(MakeError(ErrorCode::kServiceUnavailable,
                absl::StrCat("another peer needs one of the ", kMost,
                             " reflection streams of this shard, and of the peer that has most of "
                             "them this one was idle for longest"),
                {.retry_after = absl::Seconds(1)}));
}

void ReflectionStream::Drain() {
  End(MakeError(ErrorCode::kServiceUnavailable, "the hub is shutting down",
                {.retry_after = absl::Seconds(1)}));
}

void ReflectionStream::OnRead(bool ok) {
  reading_ = false;
  if (!ok) {
    return End(absl::OkStatus());
  }
  if (!end_) {
    Answer();
  }
}

void ReflectionStream::Answer() {
  idle_since_ = shard_.clock().Monotonic();
  grpc::reflection::v1alpha::ServerReflectionRequest request;
  const absl::Status parsed = ParseRaw(request_, request);
  request_.Clear();
  if (!parsed.ok() || shard_.closed()) {
    return End(parsed);
  }
  grpc::ByteBuffer bytes;
  TOCSIN_CHECK(SerializeRaw(Reflect(request, shard_.services()), bytes).ok());
  writing_ = true;
  stream_.Write(bytes, &written_);
}

void ReflectionStream::OnWritten(bool ok) {
  writing_ = false;
  ok ? Step() : End(absl::CancelledError("the client has gone"));
}

void ReflectionStream::OnFinished(bool) { finishing_ = false; }

void ReflectionStream::End(const absl::Status& status) {
  if (!end_) {
    end_ = status;
  }
  Step();
}

void ReflectionStream::Step() {
  if (writing_ || finish_called_ || shard_.closed()) {
    return;
  }
  if (end_) {
    finish_called_ = finishing_ = true;
    stream_.Finish(end_->ok() ? grpc::Status::OK : ToGrpcStatus(*end_), &finished_);
  } else if (!reading_) {
    reading_ = true;
    stream_.Read(&request_, &read_);
  }
}

}  // namespace tocsin::hub
