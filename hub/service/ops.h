// ops.h: what the operations port answers: /health, /health/live, /health/ready, /metrics.
//
// Threads: the server's own.
// Errors:  problem+json for another path; 503 while the hub takes no events.
#pragma once

#include <functional>
#include <string>

#include "absl/time/time.h"
#include "core/http/message.h"

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

http::HttpResponse AnswerOps(const http::HttpRequest& request, const OpsSources& sources);

}  // namespace tocsin::hub
