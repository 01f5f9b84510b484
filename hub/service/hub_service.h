// hub_service.h: the EventHub service but for Subscribe, which its shards serve.
//
// Threads: methods run on gRPC's threads.
// Owns:    nothing: all it is given outlives it.
// Errors:  every status carries google.rpc details (grpc_status.h).
#pragma once

#include <functional>

#include "hub/service/event_hub_rpc.h"
#include "hub/service/publish_streams.h"
#include "hub/service/publisher.h"

namespace tocsin::hub {

class HubService final : public EventHubRpc {
 public:
  using FillStatus = std::function<void(v1::GetStatusResponse& response)>;

  HubService(Publisher& publisher, PublishStreams& streams, FillStatus fill_status)
      : publisher_(publisher), streams_(streams), fill_status_(std::move(fill_status)) {}

  grpc::ServerUnaryReactor* Publish(grpc::CallbackServerContext* context,
                                    const grpc::ByteBuffer* request,
                                    grpc::ByteBuffer* response) override;
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* PublishStream(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const v1::GetStatusRequest* request,
                                      v1::GetStatusResponse* response) override;

 private:
  Publisher& publisher_;
  PublishStreams& streams_;
  const FillStatus fill_status_;
};

}  // namespace tocsin::hub
