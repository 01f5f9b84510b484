// request_call.h: a call with one request, until the request has come whole.
//
// Shape:   the call begins, waits for its turn to be read (arrivals.h), and is read; then Serve has
//          the request, or Refuse says why there is none.
// Threads: its shard's.
// Errors:  INTERNAL when the client ends its side without a request; UNAUTHORIZED when its token
//          runs out before the request has come. What gRPC itself refuses (a
//          message that is too large, or says that it is compressed) has its status from gRPC.
#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <string>

#include "hub/service/arrivals.h"
#include "hub/service/call.h"

namespace tocsin::hub {

class RequestCall : public Call, private Arrivals::Arrival {
 public:
  ~RequestCall() override;

 protected:
  using Call::Call;

  // The request has come, or was refused.
  bool arrived() const { return arrived_; }
  // gRPC has the request's buffer: the call has not ended.
  bool reading() const { return reading_; }

  grpc::ByteBuffer request_;  // whole from Serve on

 private:
  virtual void Serve() = 0;
  // Ends the call with `error`.
  virtual void Refuse(const absl::Status& error) = 0;

  // Call.
  void Begin() final;
  void Deny(const absl::Status& error) final { GiveUp(error); }

  // Arrivals::Arrival.
  std::string peer() const final { return PeerOf(context_.peer()); }
  void StartRead() final;
  void GiveUp(const absl::Status& status) final;

  void OnRead(bool ok);

  Completion read_ = Tag(&RequestCall::OnRead);
  bool reading_ = false;
  bool arrived_ = false;
};

}  // namespace tocsin::hub
