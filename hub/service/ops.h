// ops.h: what the operations port answers: /health, /health/live, /health/ready, /metrics.
//
// Threads: the server's own.
// Errors:  503 while the hub takes no events.
#pragma once

#include <functional>
#include <string>

#include "absl/time/time.h"
#include "core/http/route_table.h"

namespace tocsin::hub {

struct HubHealth {
  std::string status = "ok";  // "ok", "draining", "read-only"
  std::string reason;         // why not ok
  absl::Duration uptime;
};

struct OpsSources {
  std::function<HubHealth()> health;
  std::function<std::string()> metrics;
};

http::RouteTable OpsRoutes(OpsSources sources);

}  // namespace tocsin::hub
