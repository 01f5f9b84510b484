// event_hub_rpc.h: which of gRPC's server styles each method uses.
//
// Subscribe runs on completion queues, raw: its shard owns its streams and writes encoded bytes
// (docs/adr/0004-fan-out.md). All others run on the callback API; those that nobody overrides
// answer UNIMPLEMENTED.
#pragma once

#include "tocsin/v1/hub.grpc.pb.h"

namespace tocsin::hub {

namespace rpc_internal {
using V = v1::EventHub;
using A = V::WithCallbackMethod_Publish<V::Service>;
using B = V::WithCallbackMethod_PublishStream<A>;
using C = V::WithCallbackMethod_GetStatus<B>;
using D = V::WithCallbackMethod_SubmitAlert<C>;
using E = V::WithCallbackMethod_GetIncident<D>;
using F = V::WithCallbackMethod_ListIncidents<E>;
using G = V::WithCallbackMethod_ListEvents<F>;
using H = V::WithCallbackMethod_Explain<G>;
}  // namespace rpc_internal

using EventHubRpc = v1::EventHub::WithRawMethod_Subscribe<rpc_internal::H>;

}  // namespace tocsin::hub
