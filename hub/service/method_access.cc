#include "hub/service/method_access.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/base/planted.h"
#include "core/event/error.h"

namespace tocsin::hub {
namespace {

constexpr std::string_view kHub = "tocsin.v1.EventHub";
constexpr std::string_view kAdmin = "tocsin.v1.Admin";
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
    {kAdmin, "ListConnections", Access::kAdminister},
    {kAdmin, "ListClosed", Access::kAdminister},
    {kAdmin, "Kick", Access::kAdminister},
    {kAdmin, "Drain", Access::kAdminister},
    {kAdmin, "Reload", Access::kAdminister},
    {kAdmin, "SetLogLevel", Access::kAdminister},
    {kAdmin, "GetLogLevel", Access::kAdminister},
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
    case Access::kAdminister:
      return Planted("everyone-administers") ? absl::OkStatus() : permission.CheckAdminister();
  }
  return MakeError(ErrorCode::kForbidden, "the token does not allow this call");
}

absl::Status AdminIsElsewhere() {
  return MakeError(ErrorCode::kForbidden,
                   "Admin is served on this port to tokens that allow it, and this hub takes none "
                   "(--auth-secret-file and its kin are not set); without them it is served on the "
                   "Unix socket of --admin-socket");
}

}  // namespace tocsin::hub
