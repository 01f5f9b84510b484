// event_hub_rpc.h: which of gRPC's server styles each method uses.
//
// Shape:   Subscribe runs on completion queues, raw: its shard owns its streams and writes encoded
//          bytes. Publish and PublishStream run on the callback API, raw: a request is parsed into
//          a message of ours, from which the events are moved, and one that does not parse is
//          answered (gRPC's own parsing would tell a stream's as its end). All others run on the
//          callback API; those that nobody overrides answer UNIMPLEMENTED.
#pragma once

#include "tocsin/v1/hub.grpc.pb.h"

namespace tocsin::hub {

namespace rpc_internal {
using Hub = v1::EventHub;
using Publish = Hub::WithRawCallbackMethod_Publish<Hub::Service>;
using PublishStream = Hub::WithRawCallbackMethod_PublishStream<Publish>;
using GetStatus = Hub::WithCallbackMethod_GetStatus<PublishStream>;
using SubmitAlert = Hub::WithCallbackMethod_SubmitAlert<GetStatus>;
using GetIncident = Hub::WithCallbackMethod_GetIncident<SubmitAlert>;
using ListIncidents = Hub::WithCallbackMethod_ListIncidents<GetIncident>;
using ListEvents = Hub::WithCallbackMethod_ListEvents<ListIncidents>;
using Explain = Hub::WithCallbackMethod_Explain<ListEvents>;
}  // namespace rpc_internal

using EventHubRpc = v1::EventHub::WithRawMethod_Subscribe<rpc_internal::Explain>;

}  // namespace tocsin::hub
