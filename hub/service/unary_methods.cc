#include "hub/service/unary_methods.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/service/health_watch.h"
#include "hub/service/hub_shard.h"
#include "hub/service/query_methods.h"
#include "hub/service/unary_call.h"

namespace tocsin::hub {
namespace {

using Responder = UnaryCall::Responder;

template <auto kRequest>
void RequestOf(HubShard& shard, grpc::ServerContext& context, grpc::ByteBuffer& request,
               Responder& responder, void* tag) {
  grpc::ServerCompletionQueue* const queue = &shard.queue();
  (shard.rpc().*kRequest)(&context, &request, &responder, queue, queue, tag);
}

void RequestCheck(HubShard& shard, grpc::ServerContext& context, grpc::ByteBuffer& request,
                  Responder& responder, void* tag) {
  grpc::ServerCompletionQueue* const queue = &shard.queue();
  shard.health_rpc().RequestCheck(&context, &request, &responder, queue, queue, tag);
}

void ServePublish(UnaryCall& call) {
  v1::PublishRequest request;
  if (!call.Read(request)) {
    return;
  }
  HubShard& shard = call.shard();
  shard.publisher().Publish(request, [&](absl::StatusOr<v1::PublishResponse> answer) {
    shard.PostAnswer([&call, answer = std::move(answer)] {
      answer.ok() ? call.Answer(*answer) : call.Fail(answer.status());
    });
  });
}

void ServeExplain(UnaryCall& call) {
  v1::ExplainRequest request;
  if (!call.Read(request)) {
    return;
  }
  HubShard& shard = call.shard();
  shard.explanations().Explain(request, [&](Explanations::Outcome answer) {
    shard.PostAnswer([&call, answer = std::move(answer)] {
      answer.ok() ? call.Answer(*answer) : call.Fail(answer.status());
    });
  });
}

void ServeSubmitAlert(UnaryCall& call) {
  v1::SubmitAlertRequest request;
  if (!call.Read(request)) {
    return;
  }
  HubShard& shard = call.shard();
  shard.alert_intake().Submit(request, [&](absl::StatusOr<v1::SubmitAlertResponse> answer) {
    shard.PostAnswer([&call, answer = std::move(answer)] {
      answer.ok() ? call.Answer(*answer) : call.Fail(answer.status());
    });
  });
}

void ServeSubmitAlerts(UnaryCall& call) {
  v1::SubmitAlertsRequest request;
  if (!call.Read(request)) {
    return;
  }
  HubShard& shard = call.shard();
  shard.alert_intake().SubmitAll(request, [&](absl::StatusOr<v1::SubmitAlertsResponse> answer) {
    shard.PostAnswer([&call, answer = std::move(answer)] {
      answer.ok() ? call.Answer(*answer) : call.Fail(answer.status());
    });
  });
}

void ServeStatus(UnaryCall& call) {
  v1::GetStatusRequest request;
  if (!call.Read(request)) {
    return;
  }
  v1::GetStatusResponse response;
  call.shard().FillStatus(response);
  call.Answer(response);
}

void ServeCheck(UnaryCall& call) {
  grpc::health::v1::HealthCheckRequest request;
  if (!call.Read(request)) {
    return;
  }
  if (!IsHealthService(request.service())) {
    return call.Fail(
        absl::NotFoundError(absl::StrCat("service: no such service here; allowed: \"\", \"",
                                         v1::EventHub::service_full_name(), "\"")));
  }
  grpc::health::v1::HealthCheckResponse response;
  response.set_status(HealthStatus(call.shard().serving()));
  call.Answer(response);
}

constexpr UnaryCall::Method kPublish{RequestOf<&EventHubRpc::RequestPublish>, ServePublish};
constexpr UnaryCall::Method kSubmitAlert{RequestOf<&EventHubRpc::RequestSubmitAlert>,
                                         ServeSubmitAlert};
constexpr UnaryCall::Method kSubmitAlerts{RequestOf<&EventHubRpc::RequestSubmitAlerts>,
                                          ServeSubmitAlerts};
constexpr UnaryCall::Method kGetStatus{RequestOf<&EventHubRpc::RequestGetStatus>, ServeStatus};
constexpr UnaryCall::Method kExplain{RequestOf<&EventHubRpc::RequestExplain>, ServeExplain};
constexpr UnaryCall::Method kCheck{RequestCheck, ServeCheck};
constexpr UnaryCall::Method kQueries[] = {
    {RequestOf<&EventHubRpc::RequestGetIncident>, ServeGetIncident, /*tells_abandoned=*/true},
    {RequestOf<&EventHubRpc::RequestListIncidents>, ServeListIncidents, /*tells_abandoned=*/true},
    {RequestOf<&EventHubRpc::RequestListEvents>, ServeListEvents, /*tells_abandoned=*/true},
};

}  // namespace

std::vector<std::unique_ptr<Call>> UnaryMethods(HubShard& shard) {
  std::vector<std::unique_ptr<Call>> calls;
  for (const UnaryCall::Method* method :
       {&kPublish, &kSubmitAlert, &kSubmitAlerts, &kGetStatus, &kExplain, &kCheck}) {
    calls.push_back(std::make_unique<UnaryCall>(shard, *method));
  }
  for (const UnaryCall::Method& method : kQueries) {
    calls.push_back(std::make_unique<UnaryCall>(shard, method));
  }
  return calls;
}

}  // namespace tocsin::hub
