// alert_bodies.h: bodies as the senders of alerts document them, for what reads them.
#pragma once

namespace tocsin::bridge::testing {

inline constexpr char kAlertmanagerBody[] = R"({
  "version": "4", "groupKey": "{}:{alertname=\"HighErrorRate\"}", "truncatedAlerts": 3,
  "status": "firing", "receiver": "tocsin", "notification_reason": "first",
  "groupLabels": {"alertname": "HighErrorRate"}, "routeLabels": {},
  "commonLabels": {"alertname": "HighErrorRate", "severity": "critical"},
  "commonAnnotations": {}, "externalURL": "http://alertmanager-a:9093",
  "numFiring": 1, "numResolved": 1,
  "alerts": [
    {"status": "firing",
     "labels": {"alertname": "HighErrorRate", "severity": "critical", "service": "checkout",
                "job": "api", "instance": "10.0.0.1:9100", "alert_type": "availability"},
     "annotations": {"summary": "5% of checkouts fail", "description": "For ten minutes.",
                     "runbook_url": "https://runbooks.example/checkout"},
     "startsAt": "2026-03-01T10:00:00.123456789Z", "endsAt": "0001-01-01T00:00:00Z",
     "generatorURL": "http://prometheus:9090/graph?g0.expr=x", "fingerprint": "c6eadffa33fcdf37"},
    {"status": "resolved",
     "labels": {"alertname": "DiskFull", "severity": "warning", "instance": "db-1"},
     "annotations": {}, "startsAt": "2026-03-01T09:00:00Z", "endsAt": "2026-03-01T09:30:00Z",
     "generatorURL": "", "fingerprint": "bc97ff14869b13e3"}
  ]})";

inline constexpr char kGrafanaBody[] = R"({
  "receiver": "tocsin", "status": "firing", "orgId": 1, "state": "alerting",
  "title": "[FIRING:1] High memory usage", "message": "**Firing**",
  "version": "1", "groupKey": "{}:{}", "truncatedAlerts": 0, "externalURL": "https://grafana/",
  "groupLabels": {}, "commonLabels": {"team": "blue"}, "commonAnnotations": {},
  "alerts": [
    {"status": "firing",
     "labels": {"alertname": "High memory usage", "team": "blue", "zone": "us-1"},
     "annotations": {"description": "The system has high memory usage",
                     "runbook_url": "https://runbooks.example/memory",
                     "summary": "This alert was triggered for zone us-1"},
     "startsAt": "2026-03-01T09:51:03.157076+02:00", "endsAt": "0001-01-01T00:00:00Z",
     "generatorURL": "https://grafana/alerting/1/edit", "fingerprint": "c6eadffa33fcdf37",
     "silenceURL": "https://grafana/alerting/silence/new", "dashboardURL": "", "panelURL": "",
     "imageURL": "https://grafana/i.png", "values": {"B": 44.25, "C": 1}}
  ]})";

inline constexpr char kPrometheusBody[] = R"([
  {"labels": {"alertname": "HighErrorRate", "severity": "critical", "service": "checkout",
              "empty": ""},
   "annotations": {"summary": "5% of checkouts fail"},
   "startsAt": "2026-03-01T10:00:00Z", "endsAt": "2026-03-01T10:09:00Z",
   "generatorURL": "http://prometheus:9090/graph"}])";

inline constexpr char kPagerDutyBody[] = R"({
  "payload": {
    "summary": "Example alert on host1.example.com", "timestamp": "2026-03-01T08:42:58.315+0000",
    "source": "host1.example.com", "severity": "error", "component": "postgres",
    "group": "prod-datapipe", "class": "latency",
    "custom_details": {"ping time": "1500ms", "load avg": 0.750, "tags": ["a", 2e0],
    "trace": 18446744073709551617}},
  "routing_key": "samplekeyhere-samplekeyhere-1234", "dedup_key": "disk-on-host1",
  "images": [{"src": "https://img.example/1.png", "href": "https://example.com/", "alt": "Chart"}],
  "links": [{"href": "https://example.com/a", "text": "Log"}, {"href": "https://example.com/b"}],
  "event_action": "trigger", "client": "Monitor", "client_url": "https://monitor.example.com"})";

inline constexpr char kPagerDutyResolve[] = R"({
  "routing_key": "samplekeyhere-samplekeyhere-1234", "dedup_key": "disk-on-host1",
  "event_action": "resolve"})";

inline constexpr char kPagerDutyChange[] = R"({
  "routing_key": "samplekeyhere-samplekeyhere-1234",
  "payload": {"summary": "Build Success: timeout is 30 seconds now",
              "timestamp": "2026-03-01T08:42:58.315+0000", "source": "build-pipeline",
              "custom_details": {"build_state": "passed", "build_number": "2"}},
  "links": [{"href": "https://acme.example/build/2", "text": "More"}]})";

inline constexpr char kOnCallBody[] = R"({
  "alert_uid": "08d6891a-835c-e661-39fa-96b6a9e26552", "title": "The whole system is down",
  "image_url": "https://img.example/cat.jpg", "state": "alerting",
  "link_to_upstream_details": "https://en.wikipedia.org/wiki/Downtime",
  "message": "Something happened. Oh no!"})";

}  // namespace tocsin::bridge::testing
