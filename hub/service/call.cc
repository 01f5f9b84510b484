#include "hub/service/call.h"

#include "hub/service/hub_shard.h"

namespace tocsin::hub {

void Call::Listen() {
  Prepare();
  service_.Request(method_, context_, stream_, shard_.queue(), &requested_);
}

void Call::OnRequested(bool ok) {
  listening_ = false;
  refused_ = !ok;
  shard_.Listened(*this, ok);
  if (ok) {
    Begin();
  }
}

}  // namespace tocsin::hub
