#include "core/http/ops_routes.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/version.h"
#include "core/event/json_writer.h"
#include "core/http/message.h"

namespace tocsin::http {
namespace {

void AppendMember(std::string& body, std::string_view name, std::string_view value) {
  body += ',';
  AppendJsonString(body, name);
  body += ':';
  AppendJsonString(body, value);
}

std::string HealthBody(const Health& health) {
  std::string body = "{\"status\":";
  AppendJsonString(body, health.status);
  AppendMember(body, "version", Version());
  absl::StrAppend(&body, ",\"uptime_seconds\":", absl::ToInt64Seconds(health.uptime));
  for (const Field& detail : health.details) {
    AppendMember(body, detail.name, detail.value);
  }
  body += "}\n";
  return body;
}

HttpResponse HealthResponse(const Health& health, bool only_live) {
  return {.status = only_live || health.ready ? 200 : 503,
          .content_type = "application/json",
          .body = HealthBody(health),
          .fields = {{"Cache-Control", "no-store"}}};
}

}  // namespace

std::vector<Route> OpsRoutes(OpsSources sources) {
  const auto ready = AtOnce([health = sources.health](const HttpRequest&) {
    return HealthResponse(health(), /*only_live=*/false);
  });
  return {
      {.name = "health",
       .summary = sources.ready_means,
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
       .handler = AtOnce([health = sources.health](const HttpRequest&) {
         return HealthResponse(health(), /*only_live=*/true);
       })},
      {.name = "metrics",
       .summary = "Metrics in Prometheus' text form.",
       .method = "GET",
       .pattern = "/metrics",
       .handler = AtOnce([metrics = std::move(sources.metrics)](const HttpRequest&) {
         return HttpResponse{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                             .body = metrics()};
       })},
  };
}

}  // namespace tocsin::http
