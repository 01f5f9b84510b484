// hub_stream.h: a subscription to the hub that reconnects when its call breaks.
//
// Shape:   Next asks for one response, which OnResponse delivers. The first Next opens a call. When
//          the call breaks while a response is asked for, another one is opened after a wait, from
//          the place that the owner gave last. The first try after a break fails fast, so that its
//          status says why; later ones wait until the hub can be reached.
// Threads: the link's. The owner is called by the link, never from inside a method.
// Owns:    its call, which the link holds until it has ended. After Close or the destructor the
//          owner is not called any more.
// Errors:  OnEnd gets the gRPC status of every call that ends, and decides whether to try again.
//          A dead peer is found by the channel's keepalive (hub_channel.h).
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "core/base/backoff.h"
#include "core/rpc/hub_link.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::rpc {

class HubStream final : HubLink::CallOwner {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    // `response` is an encoded SubscribeResponse. An error ends the call; OnEnd is then called with
    // that error as DATA_LOSS.
    virtual absl::Status OnResponse(const grpc::ByteBuffer& response) = 0;
    // The call has ended. Returns true to try again after a wait.
    virtual bool OnEnd(const grpc::Status& status) = 0;
  };

  // `request` is sent with every call, with its `from` set to the place to go on from. The owner
  // and the link outlive this.
  HubStream(HubLink& link, v1::SubscribeRequest request, Owner& owner);
  ~HubStream() { Close(); }
  HubStream(const HubStream&) = delete;
  HubStream& operator=(const HubStream&) = delete;

  // At most one response is asked for at a time.
  void Next();
  // Ends the call, if there is one. A later Next opens another.
  void Close();
  // What the next call asks for, from its own `from` on.
  void Ask(v1::SubscribeRequest request) {
    request_ = std::move(request);
    from_ = request_.from();
  }
  // Where the next call starts: a cursor, or what else a request's `from` may be.
  void GoOnFrom(std::string from) { from_ = std::move(from); }

 private:
  void OnResponse(const grpc::ByteBuffer& response) override;
  void OnCallEnd(const grpc::Status& status) override;

  void Open();
  void StayAwake();
  absl::Status Give(const grpc::ByteBuffer& response);
  void SetTimer(absl::Duration wait, HubLink::Task task);
  void ClearTimer();

  HubLink& link_;
  v1::SubscribeRequest request_;
  Owner& owner_;
  std::string from_;
  Backoff backoff_;
  HubLink::Call* call_ = nullptr;  // the link's
  bool wanted_ = false;            // a response is asked for
  bool answered_ = false;          // the present call has given one
  bool unreachable_ = false;       // the last call ended without an answer
  std::optional<HubLink::TimerKey> timer_;
};

// Decodes the response.
absl::Status ParseResponse(const grpc::ByteBuffer& response, v1::SubscribeResponse& parsed);

}  // namespace tocsin::rpc
