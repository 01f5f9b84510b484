#include "bridge/alerts/labelled_alert.h"

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "bridge/alerts/identity.h"
#include "bridge/http/derived_id.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/text.h"
#include "core/event/time_proto.h"

namespace tocsin::bridge {
namespace {

// Longer ones are hashed: what comes before them, and the hub's bound, leave so much room.
constexpr size_t kFingerprintChars = 255;

// Links that stand beside the labels, and the annotations that they become.
constexpr std::pair<std::string_view, std::string_view> kLinks[] = {
    {"generatorURL", "generator_url"}, {"silenceURL", "silence_url"},
    {"dashboardURL", "dashboard_url"}, {"panelURL", "panel_url"},
    {"imageURL", "image_url"},         {"values", "values"},
    {"valueString", "value_string"}};

std::string_view Annotation(const v1::Alert& alert, std::string_view name) {
  const auto found = alert.annotations().find(std::string(name));
  return found == alert.annotations().end() ? std::string_view() : found->second;
}

std::string_view FirstOf(std::initializer_list<std::string_view> texts) {
  for (const std::string_view text : texts) {
    if (!text.empty()) {
      return text;
    }
  }
  return {};
}

// Go's zero time is as good as none.
absl::StatusOr<std::optional<absl::Time>> TimeOf(const SenderObject& object,
                                                 std::string_view name) {
  const boost::json::value* const value = object.Find(name);
  if (value == nullptr) {
    return std::nullopt;
  }
  const std::optional<absl::Time> time = ParseRfc3339(object.Text(name));
  if (!time.has_value()) {
    return FieldError(ErrorCode::kInvalidMessage, object.At(name).Text(), "is no time",
                      {"an RFC 3339 time such as \"2026-01-02T03:04:05Z\""});
  }
  static const absl::Time kZero = *ParseRfc3339("0001-01-01T00:00:00Z");
  return *time == kZero ? std::nullopt : time;
}

// {a="1", b="2"}: the title of an alert that has no better one.
std::string LabelText(const v1::Alert& alert) {
  const std::map<std::string_view, std::string_view> sorted(alert.labels().begin(),
                                                            alert.labels().end());
  std::string text;
  for (const auto& [name, value] : sorted) {
    absl::StrAppend(&text, text.empty() ? "{" : ", ", ToAbsl(name), "=\"", ToAbsl(value), "\"");
  }
  return text + "}";
}

std::string_view LabelOf(const v1::Alert& alert, const char* name) {
  const auto found = alert.labels().find(name);
  return found == alert.labels().end() ? std::string_view() : found->second;
}

void SetTexts(v1::Alert& alert) {
  const std::string labels = LabelText(alert);
  SetTitle(std::string(FirstOf({Annotation(alert, "summary"), Annotation(alert, "title"),
                                LabelOf(alert, "alertname"), labels})),
           std::string(FirstOf({Annotation(alert, "description"), Annotation(alert, "message")})),
           alert);
  const std::string_view runbook =
      FirstOf({Annotation(alert, "runbook_url"), Annotation(alert, "runbook")});
  if (!runbook.empty()) {
    alert.set_runbook_url(std::string(runbook));
  }
}

void AddLinks(const SenderObject& object, v1::Alert& alert) {
  for (const auto& [field, annotation] : kLinks) {
    if (std::string text = object.AnyText(field); !text.empty()) {
      alert.mutable_annotations()->insert({std::string(annotation), std::move(text)});
    }
  }
}

// What the sender says, where its format has a status: its clock may not be ours. Else its end
// tells.
absl::Status SetStatus(const SenderObject& object, const LabelledFormat& format, absl::Time now,
                       v1::Alert& alert) {
  ASSIGN_OR_RETURN(std::optional<absl::Time> end, TimeOf(object, "endsAt"));
  if (!end.has_value() && format.ends_after > absl::ZeroDuration()) {
    end = now + format.ends_after;
  }
  const bool over = end.has_value() && *end <= now;
  const std::string status =
      format.has_status ? absl::AsciiStrToLower(ToAbsl(object.Text("status"))) : "";
  if (status != "" && status != "firing" && status != "resolved") {
    return FieldError(ErrorCode::kInvalidMessage, object.At("status").Text(),
                      absl::StrCat("is ", Quote(status)), {"firing", "resolved"});
  }
  const bool resolved = status.empty() ? over : status == "resolved";
  alert.set_status(resolved ? v1::ALERT_STATUS_RESOLVED : v1::ALERT_STATUS_FIRING);
  if (end.has_value() && over == resolved) {
    SetTimestamp(*alert.mutable_ends_at(), *end);
  }
  return absl::OkStatus();
}

std::string FingerprintOf(const SenderObject& object, const v1::Alert& alert) {
  const std::string_view given = object.Text("fingerprint");
  if (given.empty()) {
    return LabelFingerprint(alert.labels());
  }
  return CharCount(given) <= kFingerprintChars ? std::string(given)
                                               : DerivedUuid("fingerprint", {given});
}

}  // namespace

absl::StatusOr<v1::SubmitAlertRequest> ReadLabelledAlert(const SenderObject& object,
                                                         const LabelledFormat& format,
                                                         const AlertReading& reading) {
  v1::SubmitAlertRequest request;
  v1::Alert& alert = *request.mutable_alert();
  RETURN_IF_ERROR(object.AddTexts("labels", *alert.mutable_labels()));
  if (alert.labels().empty()) {
    return Missing(object.At("labels"), "at least one label with a value");
  }
  RETURN_IF_ERROR(object.AddTexts("annotations", *alert.mutable_annotations()));
  RETURN_IF_ERROR(SetStatus(object, format, reading.now, alert));
  ASSIGN_OR_RETURN(const std::optional<absl::Time> start, TimeOf(object, "startsAt"));
  if (start.has_value()) {
    SetTimestamp(*alert.mutable_timestamp(), *start);
  }
  alert.set_source(std::string(format.source));
  alert.set_external_id(FingerprintOf(object, alert));
  alert.set_fingerprint(absl::StrCat(ToAbsl(SourceName(format.kind)), ":", alert.external_id()));
  SetTexts(alert);
  AddLinks(object, alert);
  reading.mapping.SetByLabels(format.kind, alert);
  alert.set_id(AlertContentId(alert));
  request.set_state_report(true);
  return request;
}

AlertBatch ReadLabelledAlerts(const boost::json::array& list, std::string_view sent, FieldPath path,
                              const LabelledFormat& format, const AlertReading& reading) {
  AlertBatch batch;
  batch.alerts.reserve(list.size());
  const std::vector<std::string_view> parts = JsonParts(sent);
  for (size_t i = 0; i < list.size(); ++i) {
    const absl::StatusOr<SenderObject> object = SenderObject::Of(list[i], parts[i], path[i]);
    absl::StatusOr<v1::SubmitAlertRequest> alert =
        object.ok() ? ReadLabelledAlert(*object, format, reading) : object.status();
    if (alert.ok()) {
      batch.alerts.push_back(*std::move(alert));
      batch.places.push_back(i);
    } else {
      batch.left_out.push_back({i, alert.status()});
    }
  }
  return batch;
}

}  // namespace tocsin::bridge
