#include "core/rpc/hub_stream.h"

#include <grpcpp/channel.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <exception>
#include <utility>

#include "core/rpc/hub_error.h"

namespace tocsin::rpc {
namespace {

constexpr char kMethod[] = "/tocsin.v1.EventHub/Subscribe";
constexpr absl::Duration kFirstWait = absl::Milliseconds(100);
constexpr absl::Duration kLastWait = absl::Seconds(2);
// gRPC waits between two tries to connect by the wall clock, so that a clock that is set back keeps
// it waiting. This often it is told to try at once.
constexpr absl::Duration kConnectEvery = kLastWait;

}  // namespace

// One call. Its operations follow each other: start, send the request, read responses, finish.
class HubStream::Call final : public HubLoop::Call {
 public:
  Call(HubStream& stream, HubLoop& loop, const std::shared_ptr<grpc::Channel>& channel,
       const v1::SubscribeRequest& request, bool wait_for_ready)
      : stream_(&stream), stub_(channel), request_(request) {
    context_.set_wait_for_ready(wait_for_ready);
    call_ = stub_.PrepareCall(&context_, kMethod, loop.queue());
    call_->StartCall(this);
  }

  // The stream wants a response.
  void Read() {
    wanted_ = true;
    if (state_ == State::kIdle) {
      StartRead();
    }
  }

  void Abandon() override {
    stream_ = nullptr;
    context_.TryCancel();
    if (state_ == State::kIdle) {
      Finish();
    }
  }

  bool OnOperation(bool ok) override {
    if (state_ == State::kFinishing) {
      if (stream_ != nullptr) {
        stream_->OnEnd(status_);
      }
      return false;
    }
    if (!ok || stream_ == nullptr) {
      Finish();
    } else if (state_ == State::kStarting) {
      state_ = State::kSending;
      call_->WriteLast(request_, grpc::WriteOptions(), this);
    } else {
      Received();
    }
    return true;
  }

 private:
  enum class State { kStarting, kSending, kIdle, kReading, kFinishing };

  // The request has been sent, or a response has come.
  void Received() {
    const bool response = std::exchange(state_, State::kIdle) == State::kReading;
    if (response) {
      grpc::ByteBuffer received;
      received.Swap(&response_);
      wanted_ = false;
      stream_->OnResponse(received);  // may ask for the next one, or abandon this call
    } else if (wanted_) {
      StartRead();
    }
  }
  void StartRead() {
    state_ = State::kReading;
    call_->Read(&response_, this);
  }
  void Finish() {
    state_ = State::kFinishing;
    call_->Finish(&status_, this);
  }

  HubStream* stream_;  // null: nobody is interested
  grpc::TemplatedGenericStub<v1::SubscribeRequest, grpc::ByteBuffer> stub_;
  const v1::SubscribeRequest request_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<v1::SubscribeRequest, grpc::ByteBuffer>> call_;
  State state_ = State::kStarting;
  bool wanted_ = false;
  grpc::ByteBuffer response_;
  grpc::Status status_;
};

HubStream::HubStream(HubLoop& loop, std::shared_ptr<grpc::Channel> channel,
                     v1::SubscribeRequest request, Owner& owner)
    : loop_(loop),
      channel_(std::move(channel)),
      request_(std::move(request)),
      owner_(owner),
      from_(request_.from()),
      backoff_(kFirstWait, kLastWait) {}

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
  request_.set_from(from_);
  answered_ = false;
  auto call = std::make_unique<Call>(*this, loop_, channel_, request_, unreachable_);
  call_ = call.get();
  loop_.Adopt(std::move(call));
  call_->Read();
  if (unreachable_) {
    StayAwake();
  }
}

void HubStream::StayAwake() {
  SetTimer(kConnectEvery, [this] {
    grpc::experimental::ChannelResetConnectionBackoff(channel_.get());
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
    OnEnd({grpc::StatusCode::DATA_LOSS, std::string(taken.message())});
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

void HubStream::OnEnd(const grpc::Status& status) {
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

void HubStream::SetTimer(absl::Duration wait, HubLoop::Task task) {
  ClearTimer();
  timer_ = loop_.After(wait, std::move(task));
}

void HubStream::ClearTimer() {
  if (timer_.has_value()) {
    loop_.CancelTimer(*std::exchange(timer_, std::nullopt));
  }
}

absl::Status ParseResponse(const grpc::ByteBuffer& response, v1::SubscribeResponse& parsed) {
  grpc::ByteBuffer bytes = response;  // shares the slices
  const grpc::Status status =
      grpc::SerializationTraits<v1::SubscribeResponse>::Deserialize(&bytes, &parsed);
  return status.ok() ? absl::OkStatus() : absl::DataLossError("the response is no message of ours");
}

}  // namespace tocsin::rpc
