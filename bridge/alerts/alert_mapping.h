// alert_mapping.h: what of a sender's words becomes which of an alert's fields.
//
// Shape:   tables with defaults for each source, which the configuration adds to. A severity that
//          the tables do not have is P3, and an annotation says so: no alert is lost for a word.
// Threads: filled at the start; then const.
// Errors:  From names the flag and what is allowed.
// Source:  docs/alert-sources.md has the tables.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/alerts/word_map.h"
#include "core/base/options.h"
#include "tocsin/v1/incident.pb.h"

namespace tocsin::bridge {

// As long as Alertmanager's own resolve_timeout.
inline constexpr absl::Duration kAlertResolveTimeout = absl::Minutes(5);
// The annotation that says why a severity is P3.
inline constexpr std::string_view kSeverityNote = "tocsin_severity";

// The settings as they were given.
struct AlertMappingFlags {
  std::vector<std::string> severities;
  std::vector<std::string> types;
  std::vector<std::string> severity_labels = {"severity", "priority"};
  std::vector<std::string> type_labels = {"alert_type", "type", "category"};
  std::vector<std::string> service_labels = {"service", "app", "job", "instance"};
  absl::Duration resolve_timeout = kAlertResolveTimeout;

  void Register(Options& options);
};

class AlertMapping {
 public:
  AlertMapping();
  static absl::StatusOr<AlertMapping> From(const AlertMappingFlags& flags);

  // `word` as the sender has it; empty: it has none.
  void SetSeverity(AlertKind kind, std::string_view word, v1::Alert& alert) const;
  void SetType(AlertKind kind, std::string_view word, v1::Alert& alert) const;
  // Severity, type and affected services out of the labels that the alert has already.
  void SetByLabels(AlertKind kind, v1::Alert& alert) const;

  // The words for severities that are the source's own.
  bool KnowsOwnSeverity(AlertKind kind, std::string_view word) const;
  std::vector<std::string> OwnSeverities(AlertKind kind) const;
  absl::Duration resolve_timeout() const { return resolve_timeout_; }

 private:
  WordMap severities_;
  WordMap types_;
  std::vector<std::string> severity_labels_;
  std::vector<std::string> type_labels_;
  std::vector<std::string> service_labels_;
  absl::Duration resolve_timeout_;
};

// The built-in tables.
const AlertMapping& DefaultAlertMapping();

// The title, cut to what an alert's may have; the whole of it then comes before the description.
void SetTitle(std::string_view title, std::string_view description, v1::Alert& alert);

}  // namespace tocsin::bridge
