#include "hub/service/alert_request.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/event/limits.h"
#include "core/event/text.h"
#include "core/event/validate.h"
#include "hub/service/raw_message.h"

namespace tocsin::hub {

absl::StatusOr<AlertRequestData> ReadAlertRequest(v1::SubmitAlertRequest& request,
                                                  const FieldPath& path) {
  RETURN_IF_ERROR(CheckNoUnknownFields(request));
  if (!request.has_alert()) {
    return FieldError(ErrorCode::kInvalidMessage, path.Text(), "is required",
                      {"an alert with source, title and severity"});
  }
  AlertRequestData data;
  data.alert = std::move(*request.mutable_alert());
  data.report = request.state_report() ? AlertReport::kStateReport : AlertReport::kAlert;
  data.path = path;
  RETURN_IF_ERROR(NormalizeAlert(data.alert, path));
  return data;
}

absl::Status CheckAlertsRequest(const v1::SubmitAlertsRequest& request) {
  RETURN_IF_ERROR(CheckNoUnknownFields(request));
  const auto alerts = static_cast<size_t>(request.alerts_size());
  if (alerts == 0 || alerts > limits::kSubmitAlerts) {
    return FieldError(ErrorCode::kInvalidMessage, "alerts", absl::StrCat("has ", alerts, " alerts"),
                      {absl::StrCat("1 to ", limits::kSubmitAlerts, " alerts")});
  }
  if (const size_t bytes = request.ByteSizeLong(); bytes > limits::kPublishBytes) {
    return FieldError(ErrorCode::kMessageTooLarge, "alerts",
                      absl::StrCat("takes ", bytes, " bytes"),
                      {absl::StrCat("up to ", limits::kPublishBytes, " bytes in all")});
  }
  return absl::OkStatus();
}

}  // namespace tocsin::hub
