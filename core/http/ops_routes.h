// ops_routes.h: the routes by which operators watch a program: /health, /health/ready,
// /health/live and /metrics.
//
// Shape:   /health and /health/ready answer 200 while the program is ready and 503 otherwise;
//          /health/live answers 200 whenever the process answers. The body is the same for all
//          three.
// Threads: `health` and `metrics` are called on the connection's thread.
// Owns:    both functions.
// Source:  docs/protocol.md, section 7.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "core/http/route_table.h"

namespace tocsin::http {

struct Health {
  bool ready = true;
  std::string status = "ok";  // one word: "ok", "draining", …
  absl::Duration uptime;
  std::vector<Field> details = {};  // further members of the body, as strings
};

struct OpsSources {
  std::string_view ready_means;  // one sentence, for the routes' summary
  std::function<Health()> health;
  std::function<std::string()> metrics;  // in Prometheus' text form
};

std::vector<Route> OpsRoutes(OpsSources sources);

}  // namespace tocsin::http
