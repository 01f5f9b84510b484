// labelled_alert.h: one alert as Prometheus, Alertmanager and Grafana write it: labels,
// annotations, and when it began and ended.
//
// Shape:   the fingerprint is the labels', with the kind of sender before it, so that an alert is
//          the same by whichever way it comes. The id is made of the alert's content, so that a
//          sender's retry is the same alert.
// Threads: pure.
// Errors:  INVALID_MESSAGE that names the field: this alert cannot be taken, others may.
// Source:  docs/alert-sources.md.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "bridge/alerts/alert_batch.h"
#include "bridge/alerts/sender_json.h"

namespace tocsin::bridge {

struct LabelledFormat {
  AlertKind kind;
  std::string_view source;  // of the alert
  bool has_status = true;   // else its end alone tells whether an alert fires
  // How long an alert without endsAt fires; zero: until its sender says that it is over.
  absl::Duration ends_after = absl::ZeroDuration();
};

absl::StatusOr<v1::SubmitAlertRequest> ReadLabelledAlert(const SenderObject& object,
                                                         const LabelledFormat& format,
                                                         const AlertReading& reading);

// All of a list, each by itself. `sent` is the list's text.
AlertBatch ReadLabelledAlerts(const boost::json::array& list, std::string_view sent, FieldPath path,
                              const LabelledFormat& format, const AlertReading& reading);

}  // namespace tocsin::bridge
