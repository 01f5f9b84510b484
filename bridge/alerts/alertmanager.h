// alertmanager.h: the body of Alertmanager's webhook (version 4), of which Grafana's is a dialect,
// and the list that Prometheus posts to an Alertmanager (/api/v2/alerts).
//
// Threads: pure.
// Errors:  INVALID_MESSAGE for a body that is none of it, MESSAGE_TOO_LARGE for too many alerts;
//          what is wrong with one alert leaves that alert out.
// Source:  docs/alert-sources.md.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "bridge/alerts/alert_batch.h"

namespace tocsin::bridge {

// {"alerts": [{"status", "labels", "annotations", "startsAt", "endsAt", "fingerprint"}, …],
// "truncatedAlerts"}.
absl::StatusOr<AlertBatch> ReadAlertmanager(std::string_view body, const AlertReading& reading);
// The same with Grafana's links and values.
absl::StatusOr<AlertBatch> ReadGrafana(std::string_view body, const AlertReading& reading);
// [{"labels", "annotations", "startsAt", "endsAt"}, …]. An alert is over when its end has passed.
absl::StatusOr<AlertBatch> ReadPrometheus(std::string_view body, const AlertReading& reading);

}  // namespace tocsin::bridge
