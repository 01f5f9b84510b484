#include "core/event/names.h"

#include <span>

#include "absl/strings/match.h"
#include "core/base/strings.h"

namespace tocsin {
namespace {

using google::protobuf::EnumDescriptor;

// By number; the first is UNSPECIFIED, which has no name. tests/core checks them against the
// schema.
constexpr std::string_view kEventTypes[] = {
    "",
    "incident_created",
    "incident_updated",
    "incident_resolved",
    "incident_closed",
    "alert_received",
    "alert_converted",
    "escalated",
    "playbook_started",
    "playbook_action_executed",
    "playbook_completed",
    "notification_sent",
    "assignment_changed",
    "comment_added",
    "system_event",
};
constexpr std::string_view kSeverities[] = {"", "P0", "P1", "P2", "P3", "P4"};
constexpr std::string_view kStates[] = {
    "", "Detected", "Triaged", "Investigating", "Remediating", "Resolved", "Closed"};
constexpr std::string_view kIncidentTypes[] = {
    "",       "Infrastructure", "Application",  "Security",
    "Data",   "Performance",    "Availability", "Compliance",
    "Unknown"};
constexpr std::string_view kAlertStatuses[] = {"", "Firing", "Acknowledged", "Resolved"};
constexpr std::string_view kResolutionMethods[] = {"", "Automated", "Manual", "AutoAssistedManual"};
constexpr std::string_view kPriorities[] = {"", "Low", "Normal", "High", "Critical"};

std::string_view At(std::span<const std::string_view> names, int number) {
  const auto index = static_cast<size_t>(number);
  return number >= 0 && index < names.size() ? names[index] : std::string_view();
}

// Empty for an enum that is not of Tocsin's.
std::span<const std::string_view> NamesOf(const EnumDescriptor& type) {
  if (&type == v1::EventType_descriptor()) return kEventTypes;
  if (&type == v1::Severity_descriptor()) return kSeverities;
  if (&type == v1::IncidentState_descriptor()) return kStates;
  if (&type == v1::IncidentType_descriptor()) return kIncidentTypes;
  if (&type == v1::AlertStatus_descriptor()) return kAlertStatuses;
  if (&type == v1::ResolutionMethod_descriptor()) return kResolutionMethods;
  if (&type == v1::Priority_descriptor()) return kPriorities;
  return {};
}

}  // namespace

std::string_view NameOf(v1::EventType type) { return At(kEventTypes, type); }
std::string_view NameOf(v1::Severity severity) { return At(kSeverities, severity); }
std::string_view NameOf(v1::IncidentState state) { return At(kStates, state); }
std::string_view NameOf(v1::IncidentType type) { return At(kIncidentTypes, type); }
std::string_view NameOf(v1::AlertStatus status) { return At(kAlertStatuses, status); }
std::string_view NameOf(v1::ResolutionMethod method) { return At(kResolutionMethods, method); }
std::string_view NameOf(v1::Priority priority) { return At(kPriorities, priority); }

std::string_view EnumName(const EnumDescriptor& type, int number) {
  return At(NamesOf(type), number);
}

std::optional<int> EnumNumber(const EnumDescriptor& type, std::string_view name) {
  const std::span<const std::string_view> names = NamesOf(type);
  for (int number = 1; number < static_cast<int>(names.size()); ++number) {
    // The schema's own name too, such as SEVERITY_P0: it is what protobuf's tools print.
    const auto* value = type.FindValueByNumber(number);
    if (absl::EqualsIgnoreCase(ToAbsl(names[static_cast<size_t>(number)]), ToAbsl(name)) ||
        (value != nullptr && absl::EqualsIgnoreCase(value->name(), ToAbsl(name)))) {
      return number;
    }
  }
  return std::nullopt;
}

std::vector<std::string> EnumNames(const EnumDescriptor& type) {
  const std::span<const std::string_view> names = NamesOf(type);
  return names.empty() ? std::vector<std::string>()
                       : std::vector<std::string>(names.begin() + 1, names.end());
}

}  // namespace tocsin
