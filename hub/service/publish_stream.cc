#include "hub/service/publish_stream.h"

#include <grpc/grpc.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "hub/service/grpc_status.h"
#include "hub/service/hub_shard.h"
#include "hub/service/raw_message.h"

namespace tocsin::hub {
namespace {

v1::PublishStreamResponse ToStreamResponse(absl::StatusOr<v1::PublishResponse> response) {
  v1::PublishStreamResponse out;
  if (response.ok()) {
    *out.mutable_response() = *std::move(response);
  } else {
    *out.mutable_error() = ToPublishError(response.status());
  }
  return out;
}

}  // namespace

PublishStream::PublishStream(HubShard& shard) : Call(shard, shard.rpc(), "PublishStream") {}

PublishStream::~PublishStream() {
  shard_.publish_streams().Leave(*this);
  shard_.token_ends().Leave(*this);
  if (admitted_) {
    shard_.admission().LeavePublishStream();
  }
}

std::unique_ptr<Call> PublishStream::Another() const {
  return std::make_unique<PublishStream>(shard_);
}

bool PublishStream::ended() const {
  const bool idle = !reading_ && !writing_ && !finishing_ && slots_.empty();
  return idle && (finish_called_ || shard_.closed());
}

void PublishStream::Begin() {
  if (const absl::Status entered = Enter(); !entered.ok()) {
    return End(entered);
  }
  Step();
}

absl::Status PublishStream::Enter() {
  RETURN_IF_ERROR(shard_.admission().EnterPublishStream());
  admitted_ = true;
  ASSIGN_OR_RETURN(share_, shard_.authenticator().limits().Open(*subject(), {Held::kConnection}));
  shard_.token_ends().Enter(*this, token_ends());
  idle_since_ = shard_.clock().Monotonic();
  if (shard_.publish_streams().Take(*this, idle_since_)) {
    return absl::OkStatus();
  }
  return MakeError(ErrorCode::kRateLimitExceeded,
                   absl::StrCat("this shard of the hub serves its ", kMost,
                                " publish streams, and your peer has as many as any"),
                   {.retry_after = absl::Seconds(5)});
}

void PublishStream::GiveWay() {
  End(MakeError(ErrorCode::kServiceUnavailable,
                absl::StrCat("another peer needs one of the ", kMost,
                             " publish streams of this shard, and of the peer that has most of "
                             "them this one was idle for longest; open another to publish more"),
                {.retry_after = absl::Seconds(1)}));
}

void PublishStream::TokenEnded() { End(TokenEndedError()); }

void PublishStream::CutOff() {
  grpc_call_cancel_with_status(context_.c_call(), GRPC_STATUS_UNAUTHENTICATED,
                               "UNAUTHORIZED: the token has expired", nullptr);
}

void PublishStream::OnRead(bool ok) {
  reading_ = false;
  read_closed_ = !ok;
  if (ok && token_ended()) {
    return TokenEnded();
  }
  if (ok) {
    Publish();
  }
  Step();
}

void PublishStream::Publish() {
  if (finish_called_) {
    return;  // it came after the end: it would have no answer
  }
  const size_t number = first_ + slots_.size();
  slots_.push_back({.bytes = request_.Length(), .answer = std::nullopt});
  bytes_ += slots_.back().bytes;
  v1::PublishStreamRequest request;
  absl::Status taken = CountPublish();
  if (taken.ok()) {
    taken = ParseRaw(request_, request);
  }
  request_.Clear();
  if (!taken.ok()) {
    return OnAnswer(number, taken);
  }
  shard_.publisher().Publish(
      *request.mutable_publish(), permission(),
      [this, number](absl::StatusOr<v1::PublishResponse> response) {
        shard_.PostAnswer([this, number, response = std::move(response)]() mutable {
          OnAnswer(number, std::move(response));
          Step();
        });
      });
}

void PublishStream::OnAnswer(size_t number, absl::StatusOr<v1::PublishResponse> response) {
  slots_[number - first_].answer = ToStreamResponse(std::move(response));
}

void PublishStream::OnWritten(bool ok) {
  writing_ = false;
  broken_ = broken_ || !ok;
  Step();
}

void PublishStream::OnFinished(bool) { finishing_ = false; }

void PublishStream::Drain() { End(shard_.admission().CheckOpen()); }

void PublishStream::End(const absl::Status& status) {
  if (!end_) {
    end_ = status;
  }
  Step();
}

void PublishStream::Step() {
  StartWriteIfReady();
  StartReadIfRoom();
  if (finish_called_ || writing_ || !slots_.empty() || TakesMore() || shard_.closed()) {
    return;
  }
  finish_called_ = finishing_ = true;
  stream_.Finish(end_ ? ToGrpcStatus(*end_) : grpc::Status::OK, &finished_);
}

void PublishStream::StartWriteIfReady() {
  while (!writing_ && !slots_.empty() && slots_.front().answer) {
    grpc::ByteBuffer bytes;
    // Serialization cannot fail: the message has no required fields.
    TOCSIN_CHECK(SerializeRaw(*slots_.front().answer, bytes).ok());
    bytes_ -= slots_.front().bytes;
    slots_.pop_front();
    ++first_;
    if (slots_.empty()) {
      idle_since_ = shard_.clock().Monotonic();
    }
    if (!broken_ && !shard_.closed()) {
      writing_ = true;
      stream_.Write(bytes, &written_);
    }
  }
}

void PublishStream::StartReadIfRoom() {
  if (!reading_ && TakesMore() && slots_.size() < kMaxRequests && bytes_ < kMaxBytes &&
      !shard_.closed()) {
    reading_ = true;
    stream_.Read(&request_, &read_);
  }
}

}  // namespace tocsin::hub
