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

// Of a server that says how it is, whether or not it is well.
RouteDoc HealthDoc(bool only_live) {
  constexpr char kSchema[] = R"({"type":"object","required":["status","version","uptime_seconds"],
      "properties":{"status":{"type":"string"},"version":{"type":"string"},
        "uptime_seconds":{"type":"integer","minimum":0},"hub":{"type":"string"},
        "reason":{"type":"string"}}})";
  RouteDoc doc;
  const auto add = [&](int status, std::string_view description) {
    doc.responses.push_back({.status = status,
                             .description = description,
                             .media_type = "application/json",
                             .schema = kSchema});
  };
  add(200, only_live ? "It answers." : "It is ready.");
  if (!only_live) {
    add(503, "It is not ready.");
  }
  return doc;
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
       .access = Access::kAnyone,
       .handler = ready,
       .doc = HealthDoc(/*only_live=*/false)},
      {.name = "healthReady",
       .summary = "As /health.",
       .method = "GET",
       .pattern = "/health/ready",
       .access = Access::kAnyone,
       .handler = ready,
       .doc = HealthDoc(/*only_live=*/false)},
      {.name = "healthLive",
       .summary = "Whether the process answers.",
       .method = "GET",
       .pattern = "/health/live",
       .access = Access::kAnyone,
       .handler = AtOnce([health = sources.health](const HttpRequest&) {
         return HealthResponse(health(), /*only_live=*/true);
       }),
       .doc = HealthDoc(/*only_live=*/true)},
      {.name = "metrics",
       .summary = "Metrics in Prometheus' text form.",
       .method = "GET",
       .pattern = "/metrics",
       .access = Access::kAdminister,
       .handler = AtOnce([metrics = std::move(sources.metrics)](const HttpRequest&) {
         return HttpResponse{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                             .body = metrics()};
       }),
       .doc = {.responses = {{.description = "The metrics of this process.",
                              .media_type = "text/plain",
                              .schema = R"({"type":"string"})"}}}},
  };
}

}  // namespace tocsin::http
