#include "bridge/alerts/alert_mapping.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/limits.h"
#include "core/event/text.h"

namespace tocsin::bridge {
namespace {

struct Words {
  int number;
  std::vector<std::string_view> words;
};

const std::vector<Words>& SeverityWords() {
  static const std::vector<Words> words = {
      {v1::SEVERITY_P0, {"critical", "page", "emergency", "fatal", "disaster", "blocker"}},
      {v1::SEVERITY_P1, {"error", "err", "high", "major", "alert"}},
      {v1::SEVERITY_P2, {"warning", "warn", "medium", "moderate", "average"}},
      {v1::SEVERITY_P3, {"low", "minor", "notice", "ticket"}},
      {v1::SEVERITY_P4, {"info", "information", "informational", "none", "debug", "ok"}},
  };
  return words;
}

const std::vector<Words>& PagerDutyWords() {
  static const std::vector<Words> words = {{v1::SEVERITY_P0, {"critical"}},
                                           {v1::SEVERITY_P1, {"error"}},
                                           {v1::SEVERITY_P2, {"warning"}},
                                           {v1::SEVERITY_P4, {"info"}}};
  return words;
}

const std::vector<Words>& TypeWords() {
  static const std::vector<Words> words = {
      {v1::INCIDENT_TYPE_INFRASTRUCTURE,
       {"infra", "host", "node", "network", "hardware", "disk", "kubernetes"}},
      {v1::INCIDENT_TYPE_APPLICATION, {"app", "service", "error", "errors", "500 error"}},
      {v1::INCIDENT_TYPE_SECURITY, {"sec", "intrusion", "vulnerability"}},
      {v1::INCIDENT_TYPE_DATA, {"database", "db", "backup", "storage"}},
      {v1::INCIDENT_TYPE_PERFORMANCE, {"perf", "latency", "saturation", "high cpu", "cpu load"}},
      {v1::INCIDENT_TYPE_AVAILABILITY, {"uptime", "down", "outage", "ping failure"}},
      {v1::INCIDENT_TYPE_COMPLIANCE, {"audit", "policy"}},
  };
  return words;
}

std::string_view ValueOf(const v1::Alert& alert, const std::vector<std::string>& labels) {
  for (const std::string& name : labels) {
    if (const auto found = alert.labels().find(name); found != alert.labels().end()) {
      return found->second;
    }
  }
  return {};
}

absl::Status AddWords(const std::vector<std::string>& texts, std::string_view flag,
                      WordMap& words) {
  const absl::Status added = words.Add(texts);
  return added.ok() ? added
                    : absl::InvalidArgumentError(absl::StrCat(ToAbsl(flag), ": ", added.message()));
}

// The first so many characters of UTF-8.
std::string_view FirstChars(std::string_view text, size_t chars) {
  for (size_t i = 0; i < text.size(); ++i) {
    const bool starts_char = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (starts_char && chars-- == 0) {
      return text.substr(0, i);
    }
  }
  return text;
}

}  // namespace

void AlertMappingFlags::Register(Options& options) {
  options.List(&severities, "alert-severity",
               "What an alert source's word for a severity stands for, such as page=P1, or "
               "grafana:page=P2 for one source (alertmanager, grafana, pagerduty, oncall). Goes "
               "before the built-in table (docs/alert-sources.md). May be repeated.",
               "[SOURCE:]WORD=SEVERITY");
  options.List(&types, "alert-type",
               "The same for the type of an alert, such as billing=Application. May be repeated.",
               "[SOURCE:]WORD=TYPE");
  options.List(&severity_labels, "alert-severity-label",
               "A label that tells an alert's severity; the first that is there counts. May be "
               "repeated.",
               "LABEL");
  options.List(&type_labels, "alert-type-label",
               "A label that tells an alert's type; the first that is there counts. May be "
               "repeated.",
               "LABEL");
  options.List(&service_labels, "alert-service-label",
               "A label whose value is one of an alert's affected services. May be repeated.",
               "LABEL");
  options.Duration(&resolve_timeout, "alert-resolve-timeout",
                   "After so long an alert that came to /api/v2/alerts without endsAt is resolved, "
                   "unless it comes again.",
                   absl::Seconds(1), absl::Hours(24 * 365));
}

AlertMapping::AlertMapping()
    : severities_(*v1::Severity_descriptor()), types_(*v1::IncidentType_descriptor()) {
  for (const Words& row : SeverityWords()) {
    for (const std::string_view word : row.words) severities_.Set(word, row.number);
  }
  for (const Words& row : PagerDutyWords()) {
    for (const std::string_view word : row.words) {
      severities_.Set(AlertKind::kPagerDuty, word, row.number);
    }
  }
  for (const Words& row : TypeWords()) {
    for (const std::string_view word : row.words) types_.Set(word, row.number);
  }
  const AlertMappingFlags defaults;
  severity_labels_ = defaults.severity_labels;
  type_labels_ = defaults.type_labels;
  service_labels_ = defaults.service_labels;
  resolve_timeout_ = defaults.resolve_timeout;
}

absl::StatusOr<AlertMapping> AlertMapping::From(const AlertMappingFlags& flags) {
  AlertMapping mapping;
  RETURN_IF_ERROR(AddWords(flags.severities, "--alert-severity", mapping.severities_));
  RETURN_IF_ERROR(AddWords(flags.types, "--alert-type", mapping.types_));
  mapping.severity_labels_ = flags.severity_labels;
  mapping.type_labels_ = flags.type_labels;
  mapping.service_labels_ = flags.service_labels;
  mapping.resolve_timeout_ = flags.resolve_timeout;
  return mapping;
}

void AlertMapping::SetSeverity(AlertKind kind, std::string_view word, v1::Alert& alert) const {
  const std::optional<int> number = word.empty() ? std::nullopt : severities_.Find(kind, word);
  alert.set_severity(static_cast<v1::Severity>(number.value_or(v1::SEVERITY_P3)));
  if (!number.has_value()) {
    (*alert.mutable_annotations())[std::string(kSeverityNote)] =
        word.empty() ? "P3: the alert gives no severity"
                     : absl::StrCat("P3: the severity ", Quote(word), " is not in the table");
  }
}

void AlertMapping::SetType(AlertKind kind, std::string_view word, v1::Alert& alert) const {
  const std::optional<int> number = word.empty() ? std::nullopt : types_.Find(kind, word);
  alert.set_alert_type(static_cast<v1::IncidentType>(number.value_or(v1::INCIDENT_TYPE_UNKNOWN)));
}

void AlertMapping::SetByLabels(AlertKind kind, v1::Alert& alert) const {
  SetSeverity(kind, ValueOf(alert, severity_labels_), alert);
  SetType(kind, ValueOf(alert, type_labels_), alert);
  auto& services = *alert.mutable_affected_services();
  for (const std::string& name : service_labels_) {
    const auto found = alert.labels().find(name);
    if (found != alert.labels().end() &&
        std::ranges::find(services, found->second) == services.end()) {
      *services.Add() = found->second;
    }
  }
}

bool AlertMapping::KnowsOwnSeverity(AlertKind kind, std::string_view word) const {
  return severities_.FindOwn(kind, word).has_value();
}

std::vector<std::string> AlertMapping::OwnSeverities(AlertKind kind) const {
  return severities_.OwnWords(kind);
}

const AlertMapping& DefaultAlertMapping() {
  static const AlertMapping mapping;
  return mapping;
}

void SetTitle(std::string_view title, std::string_view description, v1::Alert& alert) {
  const std::string_view cut = FirstChars(title, limits::kTitleChars);
  if (cut.size() == title.size()) {
    alert.set_title(std::string(title));
    alert.set_description(std::string(description));
    return;
  }
  alert.set_title(absl::StrCat(ToAbsl(FirstChars(title, limits::kTitleChars - 1)), "…"));
  alert.set_description(
      absl::StrCat(ToAbsl(title), description.empty() ? "" : "\n\n", ToAbsl(description)));
}

}  // namespace tocsin::bridge
