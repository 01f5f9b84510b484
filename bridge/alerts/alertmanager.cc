#include "bridge/alerts/alertmanager.h"

#include <boost/json/value.hpp>

#include "absl/strings/str_cat.h"
#include "bridge/alerts/labelled_alert.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/event/json_reader.h"
#include "core/event/text.h"

namespace tocsin::bridge {
namespace {

namespace json = boost::json;

absl::StatusOr<AlertBatch> ReadList(const json::array& list, std::string_view sent,
                                    const LabelledFormat& format, const AlertReading& reading) {
  if (list.size() > kAlertsPerBody) {
    return FieldError(ErrorCode::kMessageTooLarge, "alerts",
                      absl::StrCat("has ", list.size(), " alerts"),
                      {absl::StrCat("at most ", kAlertsPerBody, " alerts in one body")});
  }
  return ReadLabelledAlerts(list, sent, FieldPath("alerts"), format, reading);
}

uint64_t Count(const SenderObject& body, std::string_view name) {
  const json::value* const value = body.Find(name);
  return value != nullptr && value->is_int64() && value->get_int64() > 0
             ? static_cast<uint64_t>(value->get_int64())
             : 0;
}

absl::StatusOr<AlertBatch> ReadGroup(std::string_view text, const LabelledFormat& format,
                                     const AlertReading& reading) {
  json::value value;
  RETURN_IF_ERROR(ParseJson(text, value));
  ASSIGN_OR_RETURN(const SenderObject body, SenderObject::Of(value, text, FieldPath("body")));
  const json::value* const alerts = body.Find("alerts");
  if (alerts == nullptr || !alerts->is_array()) {
    return FieldError(ErrorCode::kInvalidMessage, "alerts",
                      alerts == nullptr ? "is required" : "is no list",
                      {"the list of alerts that the default payload has, each with labels, status "
                       "and startsAt"});
  }
  ASSIGN_OR_RETURN(AlertBatch batch,
                   ReadList(alerts->get_array(), body.AsSent("alerts"), format, reading));
  batch.truncated = Count(body, "truncatedAlerts");
  return batch;
}

}  // namespace

absl::StatusOr<AlertBatch> ReadAlertmanager(std::string_view body, const AlertReading& reading) {
  return ReadGroup(body, {.kind = AlertKind::kAlertmanager, .source = "alertmanager"}, reading);
}

absl::StatusOr<AlertBatch> ReadGrafana(std::string_view body, const AlertReading& reading) {
  return ReadGroup(body, {.kind = AlertKind::kGrafana, .source = "grafana"}, reading);
}

absl::StatusOr<AlertBatch> ReadPrometheus(std::string_view body, const AlertReading& reading) {
  json::value value;
  RETURN_IF_ERROR(ParseJson(body, value));
  if (!value.is_array()) {
    return FieldError(ErrorCode::kInvalidMessage, "body", "is no list",
                      {"a list of alerts, each with labels"});
  }
  return ReadList(value.get_array(), body,
                  {.kind = AlertKind::kAlertmanager,
                   .source = "prometheus",
                   .has_status = false,
                   .ends_after = reading.mapping.resolve_timeout()},
                  reading);
}

}  // namespace tocsin::bridge
