#include "hub/service/method_access.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/event/error.h"

namespace tocsin::hub {
namespace {

constexpr std::string_view kHub = "tocsin.v1.EventHub";
constexpr std::string_view kHealth = "grpc.health.v1.Health";
constexpr std::string_view kReflection = "grpc.reflection.v1alpha.ServerReflection";

// Health says one word, and reflection what this repository publishes.
constexpr MethodAccess kTable[] = {
    {kHub, "Publish", Access::kPublish},
    {kHub, "PublishStream", Access::kPublish},
    {kHub, "SubmitAlert", Access::kAlerts},
    {kHub, "SubmitAlerts", Access::kAlerts},
    {kHub, "Subscribe", Access::kSubscribe},
    {kHub, "GetIncident", Access::kSubscribe},
    {kHub, "ListIncidents", Access::kSubscribe},
    {kHub, "ListEvents", Access::kSubscribe},
    {kHub, "Explain", Access::kExplain},
    {kHub, "GetStatus", Access::kToken},
    {kHealth, "Check", Access::kOpen},
    {kHealth, "Watch", Access::kOpen},
    {kReflection, "ServerReflectionInfo", Access::kOpen},
};

}  // namespace

std::span<const MethodAccess> MethodAccessTable() { return kTable; }

Access AccessOf(std::string_view service, std::string_view method) {
  const auto* const found = std::find_if(
      std::begin(kTable), std::end(kTable),
      [&](const MethodAccess& row) { return row.service == service && row.method == method; });
  TOCSIN_CHECK(found != std::end(kTable));
  return found->access;
}

absl::Status CheckAccess(Access access, const Permission& permission) {
  switch (access) {
    case Access::kOpen:
    case Access::kToken:
      return absl::OkStatus();
    case Access::kPublish:
      return permission.MayPublishAny()
                 ? absl::OkStatus()
                 : MakeError(ErrorCode::kForbidden, "the token does not allow publishing");
    case Access::kAlerts:
      return permission.CheckPublish(v1::EVENT_TYPE_ALERT_RECEIVED);
    case Access::kSubscribe:
      return permission.CheckSubscribe();
    case Access::kExplain:
      return permission.MayAdminister() ? absl::OkStatus() : permission.CheckSubscribe();
  }
  return MakeError(ErrorCode::kForbidden, "the token does not allow this call");
}

}  // namespace tocsin::hub
