#include "hub/service/ops.h"

#include "absl/strings/str_cat.h"
#include "core/base/version.h"
#include "core/event/json_writer.h"
#include "core/http/message.h"

namespace tocsin::hub {
namespace {

std::string HealthBody(const HubHealth& health) {
  std::string body = "{\"status\":";
  AppendJsonString(body, health.status);
  if (!health.reason.empty()) {
    body += ",\"reason\":";
    AppendJsonString(body, health.reason);
  }
  body += ",\"version\":";
  AppendJsonString(body, Version());
  absl::StrAppend(&body, ",\"uptime_seconds\":", absl::ToInt64Seconds(health.uptime), "}\n");
  return body;
}

http::HttpResponse HealthResponse(const HubHealth& health, bool only_alive) {
  http::HttpResponse response;
  response.status = only_alive || health.status == "ok" ? 200 : 503;
  response.content_type = "application/json";
  response.fields.push_back({"Cache-Control", "no-store"});
  response.body = HealthBody(health);
  return response;
}

http::HttpResponse MetricsResponse(std::string text) {
  http::HttpResponse response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = std::move(text);
  return response;
}

}  // namespace

http::RouteTable OpsRoutes(OpsSources sources) {
  const auto ready = http::AtOnce([health = sources.health](const http::HttpRequest&) {
    return HealthResponse(health(), /*only_alive=*/false);
  });
  return http::RouteTable({
      {.name = "health",
       .summary = "Whether the hub takes events.",
       .method = "GET",
       .pattern = "/health",
       .handler = ready},
      {.name = "healthReady",
       .summary = "As /health.",
       .method = "GET",
       .pattern = "/health/ready",
       .handler = ready},
      {.name = "healthLive",
       .summary = "Whether the process answers.",
       .method = "GET",
       .pattern = "/health/live",
       .handler = http::AtOnce([health = sources.health](const http::HttpRequest&) {
         return HealthResponse(health(), /*only_alive=*/true);
       })},
      {.name = "metrics",
       .summary = "Metrics in Prometheus' text form.",
       .method = "GET",
       .pattern = "/metrics",
       .handler = http::AtOnce([metrics = sources.metrics](const http::HttpRequest&) {
         return MetricsResponse(metrics());
       })},
  });
}

}  // namespace tocsin::hub
