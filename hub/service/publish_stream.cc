#include "hub/service/publish_stream.h"

#include <utility>

#include "core/base/check.h"
#include "hub/service/grpc_status.h"
#include "hub/service/publish_streams.h"
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

void PublishStream::Begin(const absl::Status& admitted) {
  self_ = shared_from_this();
  if (admitted.ok()) {
    Step();
  } else {
    End(admitted);
  }
}

void PublishStream::End(const absl::Status& status) {
  {
    MutexLock lock(mutex_);
    if (!end_) {
      end_ = status;
    }
  }
  Step();
}

// Until reading_ is false again no other thread starts a read, so the request is this thread's.
void PublishStream::OnReadDone(bool ok) {
  if (ok) {
    Publish();
  }
  {
    MutexLock lock(mutex_);
    reading_ = false;
    read_closed_ = !ok;
  }
  Step();
}

std::optional<size_t> PublishStream::OpenSlot(size_t bytes) {
  MutexLock lock(mutex_);
  if (finished_) {
    return std::nullopt;
  }
  slots_.push_back({.bytes = bytes, .answer = std::nullopt});
  bytes_ += bytes;
  return first_ + slots_.size() - 1;
}

void PublishStream::Publish() {
  const std::optional<size_t> number = OpenSlot(request_.Length());
  if (!number) {
    return;
  }
  v1::PublishStreamRequest request;
  if (const absl::Status parsed = ParseRaw(request_, request); !parsed.ok()) {
    return OnAnswer(*number, parsed);
  }
  publisher_.Publish(*request.mutable_publish(), [self = shared_from_this(), number = *number](
                                                     absl::StatusOr<v1::PublishResponse> response) {
    self->OnAnswer(number, std::move(response));
  });
}

void PublishStream::OnAnswer(size_t number, absl::StatusOr<v1::PublishResponse> response) {
  {
    MutexLock lock(mutex_);
    slots_[number - first_].answer = ToStreamResponse(std::move(response));
  }
  Step();
}

void PublishStream::OnWriteDone(bool ok) {
  {
    MutexLock lock(mutex_);
    writing_ = false;
    broken_ = broken_ || !ok;
  }
  Step();
}

void PublishStream::Step() {
  grpc::Status status;
  {
    MutexLock lock(mutex_);
    StartWriteIfReady();
    StartReadIfRoom();
    if (finished_ || writing_ || !slots_.empty() || TakesMore()) {
      return;
    }
    finished_ = true;
    status = end_ ? ToGrpcStatus(*end_) : grpc::Status::OK;
  }
  Finish(status);
}

bool PublishStream::TakesMore() const { return !read_closed_ && !broken_ && !end_; }

void PublishStream::StartWriteIfReady() {
  while (!writing_ && !finished_ && !slots_.empty() && slots_.front().answer) {
    // Of a message without required fields: it cannot fail.
    TOCSIN_CHECK(SerializeRaw(*slots_.front().answer, written_).ok());
    bytes_ -= slots_.front().bytes;
    slots_.pop_front();
    ++first_;
    if (!broken_) {
      writing_ = true;
      StartWrite(&written_);
    }
  }
}

void PublishStream::StartReadIfRoom() {
  if (!reading_ && TakesMore() && slots_.size() < kMaxRequests && bytes_ < kMaxBytes) {
    reading_ = true;
    StartRead(&request_);
  }
}

void PublishStream::OnDone() {
  streams_.Remove(this);
  self_.reset();
}

}  // namespace tocsin::hub
