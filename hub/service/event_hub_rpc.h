// event_hub_rpc.h: the services' methods as the hub serves them: raw, on completion queues.
//
// Shape:   every method is a Call of a HubShard: a thread polls its queue and serves what comes,
//          and no other thread of gRPC's polls at all. Requests are parsed into messages of ours,
//          from which events are moved, and one that does not parse is answered with our own error.
// Source:  docs/adr/0006-threads.md
#pragma once

#include "grpc/health/v1/health.grpc.pb.h"
#include "tocsin/v1/hub.grpc.pb.h"

namespace tocsin::hub {

namespace rpc_internal {
using Hub = v1::EventHub;
using Publish = Hub::WithRawMethod_Publish<Hub::Service>;
using PublishStream = Hub::WithRawMethod_PublishStream<Publish>;
using Subscribe = Hub::WithRawMethod_Subscribe<PublishStream>;
using SubmitAlert = Hub::WithRawMethod_SubmitAlert<Subscribe>;
using SubmitAlerts = Hub::WithRawMethod_SubmitAlerts<SubmitAlert>;
using GetIncident = Hub::WithRawMethod_GetIncident<SubmitAlerts>;
using ListIncidents = Hub::WithRawMethod_ListIncidents<GetIncident>;
using ListEvents = Hub::WithRawMethod_ListEvents<ListIncidents>;
using GetStatus = Hub::WithRawMethod_GetStatus<ListEvents>;

using Health = grpc::health::v1::Health;
using Check = Health::WithRawMethod_Check<Health::Service>;
}  // namespace rpc_internal

using EventHubRpc = v1::EventHub::WithRawMethod_Explain<rpc_internal::GetStatus>;
using HealthRpc = rpc_internal::Health::WithRawMethod_Watch<rpc_internal::Check>;

}  // namespace tocsin::hub
