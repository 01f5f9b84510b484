// What the formats of Alertmanager, Prometheus, Grafana and OnCall are read as.
#include <gmock/gmock.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "bridge/alerts/alertmanager.h"
#include "bridge/alerts/identity.h"
#include "bridge/alerts/oncall.h"
#include "core/base/clock.h"
#include "core/event/error.h"
#include "core/event/text.h"
#include "core/event/time_proto.h"
#include "core/event/uuid.h"
#include "tests/bridge/alert_bodies.h"

namespace tocsin::bridge {
namespace {

using ::testing::ElementsAre;
using testing::kAlertmanagerBody;
using testing::kGrafanaBody;
using testing::kOnCallBody;
using testing::kPrometheusBody;

absl::Time At(std::string_view text) { return *ParseRfc3339(text); }

class AlertFormatsTest : public ::testing::Test {
 protected:
  using Read = absl::StatusOr<AlertBatch> (*)(std::string_view, const AlertReading&);

  AlertBatch Ok(Read read, std::string_view body) {
    absl::StatusOr<AlertBatch> batch = read(body, {mapping, now});
    EXPECT_TRUE(batch.ok()) << batch.status();
    return batch.ok() ? *std::move(batch) : AlertBatch();
  }
  v1::Alert One(Read read, std::string_view body) {
    AlertBatch batch = Ok(read, body);
    EXPECT_TRUE(batch.left_out.empty()) << batch.left_out.front().why;
    EXPECT_EQ(batch.alerts.size(), 1u);
    return batch.alerts.empty() ? v1::Alert() : batch.alerts.front().alert();
  }
  // An alert of Prometheus' list with these fields besides the labels.
  v1::Alert Prometheus(std::string_view fields, std::string_view labels = R"({"alertname":"A"})") {
    return One(ReadPrometheus,
               absl::StrCat("[{\"labels\":", std::string(labels), std::string(fields), "}]"));
  }
  // One of Alertmanager's webhook.
  v1::Alert Webhook(std::string_view fields, std::string_view labels = R"({"alertname":"A"})") {
    return One(ReadAlertmanager, absl::StrCat("{\"alerts\":[{\"labels\":", std::string(labels),
                                              std::string(fields), "}]}"));
  }
  std::string FieldOf(const absl::Status& status) { return ErrorDetailsOf(status).field; }

  AlertMapping mapping;
  absl::Time now = At("2026-03-01T10:05:00Z");
};

// ---- golden bodies ----

TEST_F(AlertFormatsTest, AlertmanagersWebhook) {
  const AlertBatch batch = Ok(ReadAlertmanager, kAlertmanagerBody);
  ASSERT_EQ(batch.alerts.size(), 2u);
  EXPECT_EQ(batch.truncated, 3u) << "noted, and nothing more";
  const v1::Alert& alert = batch.alerts[0].alert();
  EXPECT_TRUE(batch.alerts[0].state_report());
  EXPECT_EQ(alert.status(), v1::ALERT_STATUS_FIRING);
  EXPECT_EQ(alert.fingerprint(), "alertmanager:c6eadffa33fcdf37");
  EXPECT_EQ(alert.external_id(), "c6eadffa33fcdf37");
  EXPECT_EQ(alert.source(), "alertmanager");
  EXPECT_EQ(alert.severity(), v1::SEVERITY_P0);
  EXPECT_EQ(alert.alert_type(), v1::INCIDENT_TYPE_AVAILABILITY);
  EXPECT_EQ(alert.title(), "5% of checkouts fail");
  EXPECT_EQ(alert.description(), "For ten minutes.");
  EXPECT_EQ(alert.runbook_url(), "https://runbooks.example/checkout");
  EXPECT_THAT(alert.affected_services(), ElementsAre("checkout", "api", "10.0.0.1:9100"));
  EXPECT_EQ(alert.labels().at("alertname"), "HighErrorRate");
  EXPECT_EQ(alert.annotations().at("generator_url"), "http://prometheus:9090/graph?g0.expr=x");
  EXPECT_FALSE(alert.annotations().contains(std::string(kSeverityNote)));
  EXPECT_EQ(ToTime(alert.timestamp()), At("2026-03-01T10:00:00.123456Z"));
  EXPECT_FALSE(alert.has_ends_at()) << "Go's zero time is none";
  EXPECT_TRUE(IsUuid(alert.id()));
  EXPECT_EQ(alert.id()[14], '8');
  EXPECT_EQ(batch.alerts[1].alert().status(), v1::ALERT_STATUS_RESOLVED);
  EXPECT_EQ(batch.alerts[1].alert().title(), "DiskFull");
  EXPECT_EQ(batch.alerts[1].alert().severity(), v1::SEVERITY_P2);
}

TEST_F(AlertFormatsTest, GrafanasWebhook) {
  const v1::Alert alert = One(ReadGrafana, kGrafanaBody);
  EXPECT_EQ(alert.fingerprint(), "grafana:c6eadffa33fcdf37");
  EXPECT_EQ(alert.source(), "grafana");
  EXPECT_EQ(alert.title(), "This alert was triggered for zone us-1");
  EXPECT_EQ(ToTime(alert.timestamp()), At("2026-03-01T07:51:03.157076Z"));
  EXPECT_EQ(alert.severity(), v1::SEVERITY_P3);
  EXPECT_TRUE(alert.annotations().contains(std::string(kSeverityNote)));
  EXPECT_EQ(alert.annotations().at("silence_url"), "https://grafana/alerting/silence/new");
  EXPECT_EQ(alert.annotations().at("image_url"), "https://grafana/i.png");
  EXPECT_EQ(alert.annotations().at("values"), R"({"B":44.25,"C":1})");
  EXPECT_FALSE(alert.annotations().contains("panel_url")) << "empty is absent";
}

TEST_F(AlertFormatsTest, PrometheusList) {
  const v1::Alert alert = One(ReadPrometheus, kPrometheusBody);
  EXPECT_EQ(alert.source(), "prometheus");
  EXPECT_EQ(alert.status(), v1::ALERT_STATUS_FIRING);
  EXPECT_EQ(ToTime(alert.ends_at()), At("2026-03-01T10:09:00Z"));
  EXPECT_FALSE(alert.labels().contains("empty"));
  EXPECT_EQ(alert.fingerprint(), absl::StrCat("alertmanager:", LabelFingerprint(alert.labels())));
}

TEST_F(AlertFormatsTest, OnCallsFormattedWebhook) {
  v1::Alert alert = One(ReadOnCall, kOnCallBody);
  EXPECT_EQ(alert.fingerprint(), "oncall:08d6891a-835c-e661-39fa-96b6a9e26552");
  EXPECT_EQ(alert.title(), "The whole system is down");
  EXPECT_EQ(alert.description(), "Something happened. Oh no!");
  EXPECT_EQ(alert.status(), v1::ALERT_STATUS_FIRING);
  EXPECT_EQ(alert.annotations().at("image_url"), "https://img.example/cat.jpg");
  alert = One(ReadOnCall, R"({"title":"t","state":"OK"})");
  EXPECT_EQ(alert.status(), v1::ALERT_STATUS_RESOLVED);
  EXPECT_EQ(alert.fingerprint(), One(ReadOnCall, R"({"title":"t","message":"m"})").fingerprint());
  EXPECT_EQ(One(ReadOnCall, R"({"message":"\n first\nsecond"})").title(), "first");
  EXPECT_EQ(One(ReadOnCall, R"({"alert_uid":7,"state":"ok"})").fingerprint(), "oncall:7");
  // Past what a double can hold: two ids are two alerts.
  EXPECT_EQ(One(ReadOnCall, R"({"alert_uid":18446744073709551617,"state":"ok"})").fingerprint(),
            "oncall:18446744073709551617");
  EXPECT_EQ(FieldOf(ReadOnCall("{}", {mapping, now}).status()), "title");
}

// ---- what is the same alert ----

TEST_F(AlertFormatsTest, AnAlertIsTheSameDirectlyAndThroughAlertmanager) {
  const std::string labels = R"({"alertname":"A","zone":"","job":"api"})";
  const v1::Alert direct = Prometheus("", labels);
  const v1::Alert relayed =
      Webhook(absl::StrCat(",\"fingerprint\":\"", LabelFingerprint(direct.labels()), "\""), labels);
  EXPECT_EQ(direct.fingerprint(), relayed.fingerprint());
  EXPECT_EQ(direct.fingerprint(), Webhook("", labels).fingerprint());
}

TEST_F(AlertFormatsTest, TheOrderOfLabelsAndEmptyOnesDoNotCount) {
  const std::string one = Prometheus("", R"({"a":"1","b":"2","c":""})").fingerprint();
  EXPECT_EQ(one, Prometheus("", R"({"b":"2","a":"1"})").fingerprint());
  EXPECT_NE(one, Prometheus("", R"({"b":"2","a":"12"})").fingerprint());
  EXPECT_NE(one, Prometheus("", R"({"ab":"2","a":"1"})").fingerprint());
}

// So many that a map would have to be lucky to hold them in their order.
TEST_F(AlertFormatsTest, AnyOrderOfManyLabelsIsOneFingerprint) {
  std::string forward;
  std::string backward;
  for (char name = 'a'; name <= 'z'; ++name) {
    const std::string label = absl::StrCat("\"", std::string(1, name), "\":\"1\"");
    forward += (forward.empty() ? "" : ",") + label;
    backward = label + (backward.empty() ? "" : ",") + backward;
  }
  for (const std::string& labels : {forward, backward}) {
    EXPECT_EQ(Prometheus("", "{" + labels + "}").fingerprint(), "alertmanager:4e8bc42ca49de19e");
  }
}

// The second is what Prometheus' own code gives for these labels.
TEST_F(AlertFormatsTest, FingerprintsAreThoseOfPrometheus) {
  google::protobuf::Map<std::string, std::string> labels;
  EXPECT_EQ(LabelFingerprint(labels), "cbf29ce484222325");
  labels["name"] = "garland, briggs";
  labels["fear"] = "love is not enough";
  EXPECT_EQ(LabelFingerprint(labels), "507a62d79ee76c9a");
}

TEST_F(AlertFormatsTest, ARetryIsTheSameAlertAndAChangeIsAnother) {
  const auto id = [&](std::string_view from, std::string_view to) {
    return Ok(ReadAlertmanager,
              absl::StrReplaceAll(kAlertmanagerBody, {{std::string(from), std::string(to)}}))
        .alerts[0]
        .alert()
        .id();
  };
  const std::string first = id("", "");
  EXPECT_EQ(first, id("", ""));
  EXPECT_EQ(first, id("alertmanager-a", "alertmanager-b")) << "of a highly available pair";
  EXPECT_NE(first, id("10:00:00.1", "10:00:01.1")) << "another firing";
  EXPECT_NE(first, id("\"firing\",\n     \"labels\"", "\"resolved\",\n     \"labels\""));
  now += absl::Hours(1);
  EXPECT_EQ(first, id("", "")) << "a retry comes later";
}

// ---- when it ends ----

TEST_F(AlertFormatsTest, ItsEndTellsWhetherPrometheusAlertFires) {
  const v1::Alert future = Prometheus(R"(,"endsAt":"2026-03-01T10:06:00Z")");
  EXPECT_EQ(future.status(), v1::ALERT_STATUS_FIRING) << "the end is to come";
  EXPECT_EQ(ToTime(future.ends_at()), At("2026-03-01T10:06:00Z"));
  const v1::Alert past = Prometheus(R"(,"endsAt":"2026-03-01T10:04:59Z")");
  EXPECT_EQ(past.status(), v1::ALERT_STATUS_RESOLVED);
  EXPECT_EQ(ToTime(past.ends_at()), At("2026-03-01T10:04:59Z"));
  EXPECT_EQ(Prometheus(R"(,"status":"firing","endsAt":"2026-03-01T10:04:59Z")").status(),
            v1::ALERT_STATUS_RESOLVED)
      << "a status is no field of this format";
  for (const char* none : {"", R"(,"endsAt":"0001-01-01T00:00:00Z")", R"(,"endsAt":null)"}) {
    const v1::Alert open = Prometheus(none);
    EXPECT_EQ(open.status(), v1::ALERT_STATUS_FIRING) << none;
    EXPECT_EQ(ToTime(open.ends_at()), now + kAlertResolveTimeout) << none;
  }
}

TEST_F(AlertFormatsTest, TheWebhooksStatusCountsWhateverTheClocksSay) {
  const v1::Alert behind = Webhook(R"(,"status":"firing","endsAt":"2026-03-01T10:04:00Z")");
  EXPECT_EQ(behind.status(), v1::ALERT_STATUS_FIRING);
  EXPECT_FALSE(behind.has_ends_at()) << "or the hub would end it";
  const v1::Alert later = Webhook(R"(,"status":"firing","endsAt":"2026-03-01T10:06:00Z")");
  EXPECT_EQ(ToTime(later.ends_at()), At("2026-03-01T10:06:00Z"));
  EXPECT_EQ(Webhook(R"(,"status":"resolved","endsAt":"2026-03-01T10:06:00Z")").status(),
            v1::ALERT_STATUS_RESOLVED);
  const v1::Alert open = Webhook(R"(,"status":"firing")");
  EXPECT_FALSE(open.has_ends_at()) << "the webhook tells the end itself";
  EXPECT_EQ(Webhook(R"(,"endsAt":"2026-03-01T10:04:00Z")").status(), v1::ALERT_STATUS_RESOLVED)
      << "without a status the end tells";
}

// ---- what is passed over, and what is left out ----

TEST_F(AlertFormatsTest, ABadAlertLeavesTheOthers) {
  const AlertBatch batch = Ok(ReadAlertmanager, R"({"alerts":[
      {"labels":{"alertname":"A"}}, {"labels":{}}, 7, {"labels":{"a":["b"]}},
      {"labels":{"a":"b"},"startsAt":"yesterday"}, {"labels":{"a":"b"},"status":"pending"},
      {"labels":{"":"b"}}, {"labels":{"a":"b"},"annotations":[]}, {"labels":{"job":"x"}}]})");
  EXPECT_THAT(batch.places, ElementsAre(0u, 8u));
  ASSERT_EQ(batch.left_out.size(), 7u);
  const auto field = [&](size_t i) { return FieldOf(batch.left_out[i].why); };
  EXPECT_EQ(field(0), "alerts[1].labels");
  EXPECT_EQ(field(1), "alerts[2]");
  EXPECT_EQ(field(2), R"(alerts[3].labels["a"])");
  EXPECT_EQ(field(3), "alerts[4].startsAt");
  EXPECT_EQ(field(4), "alerts[5].status");
  EXPECT_EQ(field(5), "alerts[6].labels");
  EXPECT_EQ(field(6), "alerts[7].annotations");
  EXPECT_EQ(batch.alerts[1].alert().title(), R"({job="x"})") << "no alertname, no summary";
}

TEST_F(AlertFormatsTest, NumbersAndNullsAmongTextsAreTakenAsTheyAreMeant) {
  const v1::Alert alert = Webhook(R"(,"annotations":{"n":1.5,"b":true,"z":null},"generatorURL":7)",
                                  R"({"port":8080,"none":null})");
  EXPECT_EQ(alert.labels().at("port"), "8080");
  EXPECT_EQ(alert.labels().size(), 1u);
  EXPECT_EQ(alert.annotations().at("n"), "1.5");
  EXPECT_EQ(alert.annotations().at("b"), "true");
  EXPECT_EQ(alert.annotations().at("generator_url"), "7");
}

TEST_F(AlertFormatsTest, ABodyOfAnotherFormatIsToldWhatIsMissing) {
  const auto error = [&](Read read, std::string_view body) {
    return read(body, {mapping, now}).status();
  };
  EXPECT_EQ(FieldOf(error(ReadAlertmanager, R"({"text":"custom payload"})")), "alerts");
  EXPECT_TRUE(absl::StrContains(error(ReadAlertmanager, R"({"text":"x"})").message(), "required"));
  EXPECT_EQ(FieldOf(error(ReadGrafana, R"({"ruleId":1,"state":"alerting"})")), "alerts");
  EXPECT_EQ(FieldOf(error(ReadGrafana, R"({"alerts":{}})")), "alerts");
  EXPECT_EQ(FieldOf(error(ReadPrometheus, R"({"alerts":[]})")), "body");
  EXPECT_EQ(FieldOf(error(ReadAlertmanager, "[]")), "body");
  EXPECT_FALSE(error(ReadAlertmanager, "").ok());
  EXPECT_FALSE(error(ReadPrometheus, "[{]").ok());
}

TEST_F(AlertFormatsTest, TenThousandAlertsAreTakenAndNoMore) {
  std::string body = "[";
  for (int i = 0; i < 10'000; ++i) absl::StrAppend(&body, R"({"labels":{"n":")", i, "\"}},");
  const std::string most = body.substr(0, body.size() - 1) + "]";
  EXPECT_EQ(Ok(ReadPrometheus, most).alerts.size(), 10'000u);
  const auto more = ReadPrometheus(body + R"({"labels":{"n":"x"}}])", {mapping, now});
  EXPECT_EQ(ErrorCodeOf(more.status()), ErrorCode::kMessageTooLarge);
  EXPECT_EQ(FieldOf(more.status()), "alerts");
}

TEST_F(AlertFormatsTest, LongTitlesAreCutAndKeptWhole) {
  std::string ink;
  for (int i = 0; i < 600; ++i) ink += "é";
  const v1::Alert alert =
      Webhook(absl::StrCat(R"(,"annotations":{"summary":")", ink, R"(","description":"d"})"));
  EXPECT_EQ(CharCount(alert.title()), 500u);
  EXPECT_TRUE(absl::EndsWith(alert.title(), "é…"));
  EXPECT_EQ(alert.description(), ink + "\n\nd");
  EXPECT_EQ(
      Webhook(absl::StrCat(R"(,"annotations":{"summary":")", ink.substr(0, 1000), "\"}")).title(),
      ink.substr(0, 1000));
}

TEST_F(AlertFormatsTest, ALongFingerprintIsHashed) {
  const std::string fingerprint =
      Webhook(absl::StrCat(",\"fingerprint\":\"", std::string(5000, 'f'), "\"")).fingerprint();
  EXPECT_EQ(fingerprint.size(), std::string("alertmanager:").size() + 36);
}

}  // namespace
}  // namespace tocsin::bridge
