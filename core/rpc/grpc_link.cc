#include "core/rpc/grpc_link.h"

#include <grpcpp/channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <memory>
#include <utility>

namespace tocsin::rpc {
namespace {

constexpr char kMethod[] = "/tocsin.v1.EventHub/Subscribe";

// Its operations follow each other: start, send the request, read responses, finish.
class SubscribeCall final : public HubLoop::Call, public HubLink::Call {
 public:
  SubscribeCall(HubLink::CallOwner& owner, HubLoop& loop,
                const std::shared_ptr<grpc::Channel>& channel, const HubTokenPtr& token,
                const v1::SubscribeRequest& request, bool wait_for_hub)
      : owner_(&owner), stub_(channel), request_(request), context_(token) {
    context_.set_wait_for_ready(wait_for_hub);
    call_ = stub_.PrepareCall(&context_, kMethod, loop.queue());
    call_->StartCall(this);
  }

  void Read() override {
    wanted_ = true;
    if (state_ == State::kIdle) {
      StartRead();
    }
  }

  void Abandon() override {
    owner_ = nullptr;
    context_.TryCancel();
    if (state_ == State::kIdle) {
      Finish();
    }
  }

  bool OnOperation(bool ok) override {
    if (state_ == State::kFinishing) {
      if (owner_ != nullptr) {
        owner_->OnCallEnd(status_);
      }
      return false;
    }
    if (!ok || owner_ == nullptr) {
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
      owner_->OnResponse(received);  // may ask for the next one, or abandon this call
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

  HubLink::CallOwner* owner_;  // null: nobody is interested
  grpc::TemplatedGenericStub<v1::SubscribeRequest, grpc::ByteBuffer> stub_;
  const v1::SubscribeRequest request_;
  HubContext context_;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<v1::SubscribeRequest, grpc::ByteBuffer>> call_;
  State state_ = State::kStarting;
  bool wanted_ = false;
  grpc::ByteBuffer response_;
  grpc::Status status_;
};

}  // namespace

HubLink::Call& GrpcLink::Open(const v1::SubscribeRequest& request, bool wait_for_hub,
                              CallOwner& owner) {
  auto call =
      std::make_unique<SubscribeCall>(owner, loop_, channel_, token_, request, wait_for_hub);
  HubLink::Call& opened = *call;
  loop_.Adopt(std::move(call));
  return opened;
}

void GrpcLink::ConnectNow() { grpc::experimental::ChannelResetConnectionBackoff(channel_.get()); }

}  // namespace tocsin::rpc
