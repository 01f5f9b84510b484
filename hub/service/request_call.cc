#include "hub/service/request_call.h"

#include "hub/service/hub_shard.h"
#include "hub/service/token_ends.h"

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
  if (!ok) {
    if (!shard_.closed()) {
      shard_.resets().OnReset(context_.peer());
    }
    return Refuse(absl::InternalError("the call has ended without a request"));
  }
  token_ended() ? Refuse(TokenEndedError()) : Serve();
}

void RequestCall::GiveUp(const absl::Status& status) {
  arrived_ = true;
  Refuse(status);
}

}  // namespace tocsin::hub
