#include "hub/service/unary_methods.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/planted.h"
#include "hub/service/health_watch.h"
#include "hub/service/hub_shard.h"
#include "hub/service/query_methods.h"
#include "hub/service/unary_call.h"
#include "tocsin/v1/hub.grpc.pb.h"

namespace tocsin::hub {
namespace {

void ServePublish(UnaryCall& call) {
  v1::PublishRequest request;
  if (!call.ReadPublish(request)) {
    return;
  }
  HubShard& shard = call.shard();
  shard.publisher().Publish(request, call.permission(),
                            [&](absl::StatusOr<v1::PublishResponse> answer) {
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
  shard.explanations().Explain(request, call.subject(), [&](Explanations::Outcome answer) {
    shard.PostAnswer([&call, answer = std::move(answer)] {
      answer.ok() ? call.Answer(*answer) : call.Fail(answer.status());
    });
  });
}

void ServeSubmitAlert(UnaryCall& call) {
  v1::SubmitAlertRequest request;
  if (!call.ReadPublish(request)) {
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
  if (!call.ReadPublish(request)) {
    return;
  }
  HubShard& shard = call.shard();
  shard.alert_intake().SubmitAll(request, [&](absl::StatusOr<v1::SubmitAlertsResponse> answer) {
    shard.PostAnswer([&call, answer = std::move(answer)] {
      answer.ok() ? call.Answer(*answer) : call.Fail(answer.status());
    });
  });
}

// Whoever sees all events may know how many there are, and what the log has lost.
bool SeesNumbers(const Permission& permission) {
  return permission.MayAdminister() || permission.filter() == Filter::MatchAll() ||
         Planted("numbers-for-all");
}

void HideNumbers(v1::GetStatusResponse& status) {
  status.clear_events_held();
  status.clear_bytes_held();
  status.clear_subscriptions();
  status.clear_publish_error();
  status.clear_log_damage();
}

void ServeStatus(UnaryCall& call) {
  v1::GetStatusRequest request;
  if (!call.Read(request)) {
    return;
  }
  v1::GetStatusResponse response;
  call.shard().FillStatus(response);
  if (!SeesNumbers(call.permission())) {
    HideNumbers(response);
  }
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

constexpr UnaryCall::Method kMethods[] = {
    {"Publish", ServePublish},
    {"SubmitAlert", ServeSubmitAlert},
    {"SubmitAlerts", ServeSubmitAlerts},
    {"GetStatus", ServeStatus},
    {"Explain", ServeExplain},
    {"GetIncident", ServeGetIncident, /*tells_abandoned=*/true},
    {"ListIncidents", ServeListIncidents, /*tells_abandoned=*/true},
    {"ListEvents", ServeListEvents, /*tells_abandoned=*/true},
};
constexpr UnaryCall::Method kCheck{"Check", ServeCheck};

}  // namespace

std::vector<std::unique_ptr<Call>> UnaryMethods(HubShard& shard) {
  std::vector<std::unique_ptr<Call>> calls;
  for (const UnaryCall::Method& method : kMethods) {
    calls.push_back(std::make_unique<UnaryCall>(shard, shard.rpc(), method));
  }
  calls.push_back(std::make_unique<UnaryCall>(shard, shard.health_rpc(), kCheck));
  return calls;
}

}  // namespace tocsin::hub
