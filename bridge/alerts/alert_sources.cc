#include "bridge/alerts/alert_sources.h"

#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/alerts/alert_answers.h"
#include "bridge/alerts/alert_batch.h"
#include "bridge/alerts/alertmanager.h"
#include "bridge/alerts/oncall.h"
#include "bridge/alerts/pagerduty.h"
#include "bridge/http/api_docs.h"
#include "bridge/http/publish_events.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/text.h"
#include "core/http/problem.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::bridge {
namespace {

using http::HttpRequest;
using http::HttpResponse;
using http::Responder;

constexpr char kPublish[] = "/tocsin.v1.EventHub/Publish";
// PagerDuty takes 512 KB. More than the largest event can hold would be refused by the hub anyway.
constexpr size_t kPagerDutyBytes = limits::kEventBytes;

// Read in some 5 ms. A larger one, of up to 10,000 alerts and half a second, is read apart from the
// calls of others.
constexpr size_t kLargeBody = 128 * limits::kKiB;

using ReadGroup = absl::StatusOr<AlertBatch> (*)(std::string_view, const AlertReading&);

struct GroupSource {
  std::string_view name;  // in the metrics
  ReadGroup read;
  bool is_list = true;
};

// Compressed bodies are not read; nothing when the body is as it is.
std::optional<absl::Status> Encoded(const HttpRequest& request) {
  const std::string_view encoding = request.Header("Content-Encoding").value_or("");
  if (encoding.empty() || absl::EqualsIgnoreCase(ToAbsl(encoding), "identity")) {
    return std::nullopt;
  }
  return FieldError(ErrorCode::kUnsupported, "Content-Encoding",
                    absl::StrCat("is ", Quote(encoding)), {"identity"});
}

void TakeGroup(const AlertSources& sources, const GroupSource& source, std::string_view body,
               Responder responder) {
  absl::StatusOr<AlertBatch> batch =
      source.read(body, {.mapping = sources.mapping, .now = sources.clock.Now()});
  if (!batch.ok()) {
    sources.metrics.alerts.Count(source.name, "refused", 1);
    return std::move(responder).Respond(AnswerGroupError(batch.status()));
  }
  auto alerts = std::exchange(batch->alerts, {});
  sources.intake.Submit(
      std::move(alerts),
      [&metrics = sources.metrics, source, held = *std::move(batch),
       responder = std::move(responder)](std::vector<AlertIntake::Outcome> outcomes) mutable {
        GroupAnswer answer = AnswerGroup(held, outcomes, source.is_list);
        metrics.alerts.Count(source.name, "taken", answer.counts.taken);
        metrics.alerts.Count(source.name, "duplicate", answer.counts.duplicates);
        metrics.alerts.Count(source.name, "left_out", answer.counts.left_out);
        metrics.alerts.Count(source.name, "truncated", held.truncated);
        std::move(responder).Respond(std::move(answer.response));
      });
}

void TakePagerDutyAlert(const AlertSources& sources, std::string_view body,
                        std::string_view routing_key, Responder responder) {
  PagerDutyAlert read = ReadPagerDutyAlert(
      body, routing_key, {.mapping = sources.mapping, .now = sources.clock.Now()});
  if (!read.errors.empty()) {
    sources.metrics.alerts.Count("pagerduty", "refused", 1);
    return std::move(responder).Respond(AnswerPagerDutyErrors(read.errors));
  }
  std::vector<v1::SubmitAlertRequest> alerts;
  alerts.push_back(std::move(read.request));
  sources.intake.Submit(
      std::move(alerts),
      [&metrics = sources.metrics, key = std::move(read.dedup_key),
       responder = std::move(responder)](std::vector<AlertIntake::Outcome> outcomes) mutable {
        const AlertIntake::Outcome& outcome = outcomes.front();
        if (outcome.ok()) {
          metrics.alerts.Count("pagerduty", outcome->duplicate() ? "duplicate" : "taken", 1);
        }
        std::move(responder).Respond(AnswerPagerDuty(outcome.status(), key));
      });
}

void TakePagerDutyChange(const AlertSources& sources, std::string_view body,
                         std::string_view routing_key, Responder responder) {
  PagerDutyChange read = ReadPagerDutyChange(body, routing_key);
  if (!read.errors.empty()) {
    return std::move(responder).Respond(AnswerPagerDutyErrors(read.errors));
  }
  v1::PublishRequest request;
  *request.add_events() = std::move(read.event);
  sources.calls.Call<v1::PublishResponse>(
      kPublish, request, kPublishTimeout,
      [responder = std::move(responder)](absl::StatusOr<v1::PublishResponse> response) mutable {
        std::move(responder).Respond(AnswerPagerDuty(response.status(), ""));
      });
}

http::Handler GroupHandler(const AlertSources& sources, GroupSource source) {
  return [sources, source](HttpRequest& request, Responder responder) {
    if (const auto encoded = Encoded(request)) {
      return std::move(responder).Respond(http::ProblemResponse(*encoded));
    }
    const bool large = request.body.size() > kLargeBody;
    auto take = [sources, source, body = std::move(request.body),
                 responder = std::move(responder)](const absl::Status& let_in) mutable {
      if (!let_in.ok()) {
        return std::move(responder).Respond(AnswerGroupError(let_in));
      }
      TakeGroup(sources, source, body, std::move(responder));
    };
    if (large) {
      return sources.calls.RunApart(std::move(take));
    }
    sources.calls.Run([taken = std::move(take)]() mutable { taken(absl::OkStatus()); });
  };
}

// These senders try again what a server could not do, and not what it says was asked too often.
HttpResponse RefuseGroup(const HttpRequest& /*request*/, const absl::Status& status) {
  return ErrorCodeOf(status) == ErrorCode::kRateLimitExceeded ? AnswerGroupError(status)
                                                              : http::ProblemResponse(status);
}

using TakeEvent = void (*)(const AlertSources&, std::string_view, std::string_view, Responder);

http::Handler PagerDutyHandler(const AlertSources& sources, TakeEvent take) {
  return [sources, take](HttpRequest& request, Responder responder) {
    if (const auto encoded = Encoded(request)) {
      return std::move(responder).Respond(AnswerPagerDutyErrors({std::string(encoded->message())}));
    }
    std::string key(request.Header("X-Routing-Key").value_or(""));
    sources.calls.Run([sources, take, held_key = std::move(key), body = std::move(request.body),
                       responder = std::move(responder)]() mutable {
      take(sources, body, held_key, std::move(responder));
    });
  };
}

}  // namespace

std::vector<http::Route> AlertSourceRoutes(const AlertSources& sources) {
  const auto grafana = GroupHandler(sources, {.name = "grafana", .read = ReadGrafana});
  const auto pagerduty = PagerDutyHandler(sources, TakePagerDutyAlert);
  return {
      {.name = "alertmanagerWebhook",
       .summary = "Alerts as Alertmanager's webhook sends them.",
       .method = "POST",
       .pattern = "/v1/integrations/alertmanager",
       .max_body_bytes = kAlertBodyBytes,
       .access = http::Access::kPublish,
       .publishes = v1::EVENT_TYPE_ALERT_RECEIVED,
       .refusal = RefuseGroup,
       .handler = GroupHandler(sources, {.name = "alertmanager", .read = ReadAlertmanager}),
       .doc = AlertWebhookDoc()},
      {.name = "prometheusAlerts",
       .summary = "Alerts as Prometheus sends them to an Alertmanager.",
       .method = "POST",
       .pattern = "/api/v2/alerts",
       .max_body_bytes = kAlertBodyBytes,
       .access = http::Access::kPublish,
       .publishes = v1::EVENT_TYPE_ALERT_RECEIVED,
       .refusal = RefuseGroup,
       .handler = GroupHandler(sources, {.name = "prometheus", .read = ReadPrometheus}),
       .doc = PrometheusAlertsDoc()},
      {.name = "grafanaWebhook",
       .summary = "Alerts as Grafana's webhook contact point sends them.",
       .method = "POST",
       .pattern = "/v1/integrations/grafana",
       .max_body_bytes = kAlertBodyBytes,
       .access = http::Access::kPublish,
       .publishes = v1::EVENT_TYPE_ALERT_RECEIVED,
       .refusal = RefuseGroup,
       .handler = grafana,
       .doc = AlertWebhookDoc()},
      {.name = "grafanaWebhookPut",
       .summary = "The same, for a contact point that is set to PUT.",
       .method = "PUT",
       .pattern = "/v1/integrations/grafana",
       .max_body_bytes = kAlertBodyBytes,
       .access = http::Access::kPublish,
       .publishes = v1::EVENT_TYPE_ALERT_RECEIVED,
       .refusal = RefuseGroup,
       .handler = grafana,
       .doc = AlertWebhookDoc()},
      {.name = "onCallWebhook",
       .summary = "An alert as Grafana OnCall's formatted webhook takes it.",
       .method = "POST",
       .pattern = "/v1/integrations/oncall",
       .max_body_bytes = limits::kEventBytes,
       .access = http::Access::kPublish,
       .publishes = v1::EVENT_TYPE_ALERT_RECEIVED,
       .refusal = RefuseGroup,
       .handler = GroupHandler(sources, {.name = "oncall", .read = ReadOnCall, .is_list = false}),
       .doc = OnCallDoc()},
      {.name = "pagerDutyEvent",
       .summary = "An alert event of PagerDuty's Events API v2.",
       .method = "POST",
       .pattern = "/v1/integrations/pagerduty",
       .max_body_bytes = kPagerDutyBytes,
       .access = http::Access::kPublish,
       .publishes = v1::EVENT_TYPE_ALERT_RECEIVED,
       .handler = pagerduty,
       .doc = PagerDutyDoc(PagerDutyKind::kAlert)},
      {.name = "pagerDutyEnqueue",
       .summary = "The same, at the path that PagerDuty's senders use.",
       .method = "POST",
       .pattern = "/v2/enqueue",
       .max_body_bytes = kPagerDutyBytes,
       .access = http::Access::kPublish,
       .publishes = v1::EVENT_TYPE_ALERT_RECEIVED,
       .handler = pagerduty,
       .doc = PagerDutyDoc(PagerDutyKind::kAlert)},
      {.name = "pagerDutyChange",
       .summary = "A change event of PagerDuty's Events API v2; becomes a system_event.",
       .method = "POST",
       .pattern = "/v2/change/enqueue",
       .max_body_bytes = kPagerDutyBytes,
       .access = http::Access::kPublish,
       .publishes = v1::EVENT_TYPE_SYSTEM_EVENT,
       .handler = PagerDutyHandler(sources, TakePagerDutyChange),
       .doc = PagerDutyDoc(PagerDutyKind::kChange)},
  };
}

}  // namespace tocsin::bridge
