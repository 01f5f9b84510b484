#include "hub/service/request_call.h"

#include "hub/service/hub_shard.h"

namespace tocsin::hub {

// A client may cancel a call that still waits to be read.
RequestCall::~RequestCall() { shard_.arrivals().Came(*this); }

void RequestCall::Begin() { shard_.arrivals().Begin(*this); }

void RequestCall::StartRead() {
  reading_ = true;
  stream_.Read(&request_, &read_);
}

void RequestCall::OnRead(bool ok) {
  reading_ = false;
  if (std::exchange(arrived_, true)) {
    request_.Clear();  // it came after the call was given up
    return;
  }
  shard_.arrivals().Came(*this);
  ok ? Serve() : Refuse(absl::InternalError("the call has ended without a request"));
}

void RequestCall::GiveUp(const absl::Status& status) {
  arrived_ = true;
  Refuse(status);
}

}  // namespace tocsin::hub
