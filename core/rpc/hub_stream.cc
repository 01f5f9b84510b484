#include "core/rpc/hub_stream.h"

#include <grpcpp/impl/codegen/proto_utils.h>

#include <exception>
#include <utility>

#include "core/base/planted.h"
#include "core/rpc/hub_error.h"

namespace tocsin::rpc {
namespace {

constexpr absl::Duration kFirstWait = absl::Milliseconds(100);
constexpr absl::Duration kLastWait = absl::Seconds(2);
// gRPC waits between two tries to connect by the wall clock, so that a clock that is set back keeps
// it waiting. This often it is told to try at once.
constexpr absl::Duration kConnectEvery = kLastWait;

}  // namespace

HubStream::HubStream(HubLink& link, v1::SubscribeRequest request, Owner& owner)
    : link_(link),
      request_(std::move(request)),
      owner_(owner),
      from_(request_.from()),
      backoff_(kFirstWait, kLastWait, link.RandomSeed()) {}

void HubStream::Next() {
  wanted_ = true;
  if (call_ != nullptr) {
    call_->Read();
  } else if (!timer_.has_value()) {
    Open();
  }
}

void HubStream::Close() {
  wanted_ = false;
  ClearTimer();
  if (call_ != nullptr) {
    std::exchange(call_, nullptr)->Abandon();
  }
}

void HubStream::Open() {
  if (!Planted("stream-resumes-at-its-start")) request_.set_from(from_);
  answered_ = false;
  call_ = &link_.Open(request_, unreachable_, *this);
  call_->Read();
  if (unreachable_) {
    StayAwake();
  }
}

void HubStream::StayAwake() {
  SetTimer(kConnectEvery, [this] {
    link_.ConnectNow();
    StayAwake();
  });
}

void HubStream::OnResponse(const grpc::ByteBuffer& response) {
  wanted_ = false;
  answered_ = true;
  unreachable_ = false;
  ClearTimer();
  backoff_.Reset();
  if (const absl::Status taken = Give(response); !taken.ok()) {
    if (call_ != nullptr) {
      std::exchange(call_, nullptr)->Abandon();
    }
    wanted_ = true;
    OnCallEnd({grpc::StatusCode::DATA_LOSS, std::string(taken.message())});
  }
}

// What throws, for want of memory, ends this call only.
absl::Status HubStream::Give(const grpc::ByteBuffer& response) {
  try {
    return owner_.OnResponse(response);
  } catch (const std::exception& error) {
    return absl::InternalError(error.what());
  }
}

void HubStream::OnCallEnd(const grpc::Status& status) {
  call_ = nullptr;
  ClearTimer();
  unreachable_ = !answered_;
  const bool again = owner_.OnEnd(
      status.ok() ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "the stream ended") : status);
  wanted_ = wanted_ && again;
  if (wanted_) {
    SetTimer(ReadHubError(status).details.retry_after + backoff_.Next(), [this] {
      timer_.reset();
      Open();
    });
  }
}

void HubStream::SetTimer(absl::Duration wait, HubLink::Task task) {
  ClearTimer();
  timer_ = link_.After(wait, std::move(task));
}

void HubStream::ClearTimer() {
  if (timer_.has_value()) {
    link_.CancelTimer(*std::exchange(timer_, std::nullopt));
  }
}

absl::Status ParseResponse(const grpc::ByteBuffer& response, v1::SubscribeResponse& parsed) {
  grpc::ByteBuffer bytes = response;  // shares the slices
  const grpc::Status status =
      grpc::SerializationTraits<v1::SubscribeResponse>::Deserialize(&bytes, &parsed);
  return status.ok() ? absl::OkStatus() : absl::DataLossError("the response is no message of ours");
}

}  // namespace tocsin::rpc
