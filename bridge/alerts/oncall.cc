#include "bridge/alerts/oncall.h"

#include <boost/json/value.hpp>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/alerts/sender_json.h"
#include "bridge/http/derived_id.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/json_reader.h"
#include "core/event/text.h"

namespace tocsin::bridge {
namespace {

constexpr size_t kUidChars = 255;  // longer ones are hashed

std::string FingerprintOf(std::string_view uid, std::string_view title) {
  const std::string prefix = absl::StrCat(ToAbsl(SourceName(AlertKind::kOnCall)), ":");
  if (uid.empty()) {
    return absl::StrCat(prefix, "title:", DerivedUuid("OnCall title", {title}));
  }
  return absl::StrCat(prefix, CharCount(uid) <= kUidChars ? std::string(uid)
                                                          : DerivedUuid("OnCall alert_uid", {uid}));
}

std::string_view FirstLine(std::string_view text) {
  text = ToStd(absl::StripLeadingAsciiWhitespace(ToAbsl(text)));
  return text.substr(0, text.find('\n'));
}

void AddLinks(const SenderObject& body, v1::Alert& alert) {
  for (const std::string_view name : {"image_url", "link_to_upstream_details"}) {
    if (const std::string_view text = body.Text(name); !text.empty()) {
      (*alert.mutable_annotations())[std::string(name)] = std::string(text);
    }
  }
}

}  // namespace

absl::StatusOr<AlertBatch> ReadOnCall(std::string_view text, const AlertReading& reading) {
  boost::json::value value;
  RETURN_IF_ERROR(ParseJson(text, value));
  ASSIGN_OR_RETURN(const SenderObject body, SenderObject::Of(value, text, FieldPath("body")));
  const std::string_view message = body.Text("message");
  const std::string_view title =
      body.Text("title").empty() ? FirstLine(message) : body.Text("title");
  const std::string id = body.Scalar("alert_uid");
  const bool ok = absl::EqualsIgnoreCase(ToAbsl(body.Text("state")), "ok");
  if (title.empty() && !(ok && !id.empty())) {
    return FieldError(ErrorCode::kInvalidMessage, "title", "is required",
                      {"a title, or a message"});
  }
  AlertBatch batch;
  v1::SubmitAlertRequest& request = batch.alerts.emplace_back();
  batch.places.push_back(0);
  v1::Alert& alert = *request.mutable_alert();
  alert.set_source("oncall");
  alert.set_external_id(id);
  alert.set_fingerprint(FingerprintOf(id, title));
  alert.set_status(ok ? v1::ALERT_STATUS_RESOLVED : v1::ALERT_STATUS_FIRING);
  SetTitle(title.empty() ? std::string_view(id) : title, message, alert);
  AddLinks(body, alert);
  reading.mapping.SetSeverity(AlertKind::kOnCall, body.Text("severity"), alert);
  reading.mapping.SetType(AlertKind::kOnCall, body.Text("alert_type"), alert);
  request.set_state_report(true);
  return batch;
}

}  // namespace tocsin::bridge
