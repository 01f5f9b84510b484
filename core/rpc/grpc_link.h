// grpc_link.h: streams from the hub over gRPC.
//
// Shape:   calls on a channel, whose operations end in a loop.
// Threads: the loop's, as hub_link.h.
// Owns:    a share of the channel. The loop owns the calls, and outlives this.
#pragma once

#include <memory>
#include <random>
#include <utility>

#include "core/rpc/hub_link.h"
#include "core/rpc/hub_loop.h"
#include "core/rpc/hub_token.h"

namespace grpc {
class Channel;
}

namespace tocsin::rpc {

class GrpcLink final : public HubLink {
 public:
  GrpcLink(HubLoop& loop, std::shared_ptr<grpc::Channel> channel, HubTokenPtr token = nullptr)
      : loop_(loop), channel_(std::move(channel)), token_(std::move(token)) {}

  void Post(Task task) override { loop_.Post(std::move(task)); }
  TimerKey After(absl::Duration wait, Task task) override {
    return loop_.After(wait, std::move(task));
  }
  void CancelTimer(const TimerKey& key) override { loop_.CancelTimer(key); }
  Call& Open(const v1::SubscribeRequest& request, bool wait_for_hub, CallOwner& owner) override;
  void ConnectNow() override;
  uint32_t RandomSeed() override { return std::random_device{}(); }

 private:
  HubLoop& loop_;
  const std::shared_ptr<grpc::Channel> channel_;
  const HubTokenPtr token_;
};

}  // namespace tocsin::rpc
