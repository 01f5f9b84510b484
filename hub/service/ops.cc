#include "hub/service/ops.h"

#include "absl/strings/str_cat.h"
#include "core/base/version.h"
#include "core/event/json_writer.h"
#include "core/http/problem.h"

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

http::HttpResponse AnswerOps(const http::HttpRequest& request, const OpsSources& sources) {
  if (request.path() == "/health" || request.path() == "/health/ready") {
    return HealthResponse(sources.health(), /*only_alive=*/false);
  }
  if (request.path() == "/health/live") {
    return HealthResponse(sources.health(), /*only_alive=*/true);
  }
  if (request.path() == "/metrics") {
    return MetricsResponse(sources.metrics());
  }
  return http::NotFound(request.path());
}

}  // namespace tocsin::hub
