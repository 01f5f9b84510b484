// What the routes take and answer that alerts come in by. Of a sender's own format only what it is
// read for is described; all else in it is passed over.
#include "bridge/http/api_docs.h"
#include "bridge/http/doc_parts.h"
#include "bridge/http/json_request.h"

namespace tocsin::bridge {
namespace {

using http::RouteDoc;

constexpr char kAlertExample[] = R"({"title":"Disk full","description":"95 % of /var are used",
  "severity":"P1","source":"monitor","alert_type":"infrastructure","labels":{"env":"production"},
  "affected_services":["checkout"]})";

constexpr char kWebhookExample[] = R"({"version":"4","status":"firing","receiver":"tocsin",
  "alerts":[{"status":"firing","labels":{"alertname":"DiskFull","severity":"critical"},
    "annotations":{"summary":"95 % of /var are used"},"startsAt":"2026-03-01T10:00:00Z",
    "endsAt":"0001-01-01T00:00:00Z"}]})";

constexpr char kPrometheusExample[] = R"([{"labels":{"alertname":"DiskFull","severity":"critical"},
  "annotations":{"summary":"95 % of /var are used"},"startsAt":"2026-03-01T10:00:00Z",
  "endsAt":"2026-03-01T10:04:00Z","generatorURL":"http://prometheus:9090/graph"}])";

constexpr char kOnCallExample[] = R"({"alert_uid":"08d6891a-835c-e661-39fa-96b6a9e26552",
  "title":"Disk full","state":"alerting","message":"95 % of /var are used"})";

constexpr char kPagerDutyExample[] = R"({"routing_key":"0123456789abcdef0123456789abcdef",
  "event_action":"trigger","dedup_key":"disk-on-db-1",
  "payload":{"summary":"Disk full","source":"db-1","severity":"critical"}})";

constexpr char kPagerDutyChangeExample[] = R"({"routing_key":"0123456789abcdef0123456789abcdef",
  "payload":{"summary":"Deployed 1.2.3","source":"pipeline"}})";

RouteDoc GroupDoc(std::string schema, std::string_view example) {
  return {.bodies = {{kJsonMediaType, std::move(schema), example}},
          .responses = {{.description = "How many of the alerts were taken.",
                         .media_type = kJsonMediaType,
                         .schema = SchemaRef("AlertsTaken")}},
          .errors = {409, 415}};
}

}  // namespace

RouteDoc SubmitAlertDoc() {
  return {.parameters = {IdempotencyDoc()},
          .bodies = {{kJsonMediaType, SchemaRef("AlertInput"), kAlertExample}},
          .responses = {{.status = 202,
                         .description = "Taken.",
                         .media_type = kJsonMediaType,
                         .schema = SchemaRef("AlertAccepted")}},
          .errors = {409, 415, 429}};
}

RouteDoc AlertWebhookDoc() { return GroupDoc(SchemaRef("AlertGroup"), kWebhookExample); }

RouteDoc PrometheusAlertsDoc() {
  return GroupDoc(
      R"({"type":"array","maxItems":10000,"items":{"$ref":"#/components/schemas/LabelledAlert"}})",
      kPrometheusExample);
}

RouteDoc OnCallDoc() { return GroupDoc(SchemaRef("OnCallAlert"), kOnCallExample); }

RouteDoc PagerDutyDoc(PagerDutyKind kind) {
  const bool change = kind == PagerDutyKind::kChange;
  RouteDoc doc{.parameters = {{"X-Routing-Key", "header",
                               "Where the body has no routing_key: any text.", kTextSchema}},
               .bodies = {{kJsonMediaType, SchemaRef(change ? "PagerDutyChange" : "PagerDutyEvent"),
                           change ? kPagerDutyChangeExample : kPagerDutyExample}}};
  doc.responses.push_back({.status = 202,
                           .description = "Taken.",
                           .media_type = kJsonMediaType,
                           .schema = SchemaRef("PagerDutyAnswer")});
  for (const auto& [status, what] :
       {std::pair<int, std::string_view>{400, "What is wrong with the event."},
        {429, "Too many events; the sender tries again."},
        {503, "The hub could not be reached; the sender tries again."}}) {
    doc.responses.push_back({.status = status,
                             .description = what,
                             .media_type = kJsonMediaType,
                             .schema = SchemaRef("PagerDutyAnswer")});
  }
  return doc;
}

}  // namespace tocsin::bridge
