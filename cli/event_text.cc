#include "cli/event_text.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/time_text.h"
#include "core/base/strings.h"
#include "core/event/names.h"
#include "core/event/validate.h"

namespace tocsin::cli {
namespace {

const v1::Alert* AlertOf(const v1::Event& event) {
  if (event.has_alert_received()) return &event.alert_received().alert();
  return event.has_alert_converted() ? &event.alert_converted().alert() : nullptr;
}

v1::Severity SeverityOf(const v1::Event& event) {
  if (event.has_incident()) return event.incident().severity();
  const v1::Alert* alert = AlertOf(event);
  return alert != nullptr ? alert->severity() : v1::SEVERITY_UNSPECIFIED;
}

std::string Quoted(std::string_view text) { return absl::StrCat("\"", Clean(text), "\""); }

std::string Named(std::string_view name, std::string_view value) {
  return value.empty() ? "" : absl::StrCat(" ", ToAbsl(name), "=", Clean(value));
}

// "ada: ", or nothing when it is not known who.
std::string By(std::string_view who) { return who.empty() ? "" : absl::StrCat(Clean(who), ": "); }

std::string Outcome(bool success) { return success ? " succeeded" : " FAILED"; }

// What the type adds to the incident; begins with a space, or is empty.
std::string PayloadText(const v1::Event& event) {
  switch (event.payload_case()) {
    case v1::Event::kIncidentUpdated: {
      const auto previous = NameOf(event.incident_updated().previous_state());
      return previous.empty() ? "" : absl::StrCat(" was ", ToAbsl(previous));
    }
    case v1::Event::kEscalated: {
      const auto& escalated = event.escalated();
      return absl::StrCat(" ", ToAbsl(NameOf(escalated.from_severity())), "->",
                          ToAbsl(NameOf(escalated.to_severity())),
                          Named("reason", escalated.reason()));
    }
    case v1::Event::kPlaybookStarted:
      return absl::StrCat(" ", Quoted(event.playbook_started().playbook_name()));
    case v1::Event::kPlaybookActionExecuted: {
      const auto& action = event.playbook_action_executed();
      return absl::StrCat(" ", Quoted(action.action_name()), Outcome(action.success()),
                          Named("message", action.message()));
    }
    case v1::Event::kPlaybookCompleted:
      return absl::StrCat(Outcome(event.playbook_completed().success()), " after ",
                          event.playbook_completed().actions_executed(), " actions");
    case v1::Event::kNotificationSent:
      return absl::StrCat(" ", Clean(event.notification_sent().channel()),
                          Outcome(event.notification_sent().success()));
    case v1::Event::kAssignmentChanged:
      return absl::StrCat(" to ",
                          Clean(absl::StrJoin(event.assignment_changed().assignees(), ", ")));
    case v1::Event::kCommentAdded:
      return absl::StrCat(" ", By(event.comment_added().author()),
                          Quoted(event.comment_added().comment()));
    case v1::Event::kSystemEvent:
      return absl::StrCat(" ", By(event.system_event().category()),
                          Quoted(event.system_event().message()));
    default:
      return "";
  }
}

// Title, state, source and labels of what the event is about.
template <typename Subject>
std::string SubjectText(const Subject& subject) {
  std::string text = absl::StrCat(" ", Quoted(subject.title()), Named("source", subject.source()));
  const std::map<std::string, std::string> labels(subject.labels().begin(), subject.labels().end());
  for (const auto& [key, value] : labels)
    absl::StrAppend(&text, " ", Clean(key), "=", Clean(value));
  return text;
}

struct Character {
  uint32_t code;
  size_t bytes;
};

// Of text that is UTF-8, as everything from a hub is. What is not passes byte by byte, as code 0.
Character FirstCharacter(std::string_view text) {
  const auto byte = [&](size_t i) {
    return static_cast<uint32_t>(static_cast<unsigned char>(text[i]));
  };
  if (text.size() >= 2 && byte(0) >> 5 == 0b110) {
    return {(byte(0) & 0x1f) << 6 | (byte(1) & 0x3f), 2};
  }
  if (text.size() >= 3 && byte(0) >> 4 == 0b1110) {
    return {(byte(0) & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f), 3};
  }
  return {0, 1};
}

// Characters that show nothing, or change how the text around them is shown: direction marks can
// make a line read as another one, line separators break it.
bool IsInvisible(uint32_t code) {
  return code == 0xad || code == 0x61c || (code >= 0x200b && code <= 0x200f) ||
         (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) || code == 0xfeff;
}

// How a line begins.
std::string Lead(const std::string& time, v1::Severity severity, std::string_view what,
                 const TextStyle& style) {
  const std::string_view color = style.color ? ColorOf(severity) : "";
  const std::string_view name = NameOf(severity);
  return absl::StrFormat("%s  %s%-2s%s  %-24s", time, ToAbsl(color),
                         name.empty() ? "--" : std::string(name),
                         color.empty() ? "" : std::string(kPlainText), ToAbsl(what));
}

// An incident as it stands, where there is no event to tell.
std::string StandingText(const v1::Incident& incident, std::string_view what,
                         const TextStyle& style) {
  return absl::StrCat(
      Lead(TimeText(incident.updated_at(), style.zone), incident.severity(), what, style), " [",
      ToAbsl(NameOf(incident.state())), "]", SubjectText(incident),
      Named("incident", incident.id()));
}

}  // namespace

std::string_view ColorOf(v1::Severity severity) {
  switch (severity) {
    case v1::SEVERITY_P0:
      return "\x1b[1;31m";
    case v1::SEVERITY_P1:
      return "\x1b[31m";
    case v1::SEVERITY_P2:
      return "\x1b[33m";
    default:
      return "";
  }
}

std::string Clean(std::string_view text) {
  std::string clean;
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text.front());
    const Character next = FirstCharacter(text);
    if (byte == '\n') {
      clean += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      absl::StrAppendFormat(&clean, "\\x%02x", byte);
    } else if (next.code >= 0x80 && next.code < 0xa0) {  // C1 controls
      absl::StrAppendFormat(&clean, "\\x%02x", next.code);
    } else if (IsInvisible(next.code)) {
      absl::StrAppendFormat(&clean, "\\u%04x", next.code);
    } else {
      clean.append(text.substr(0, next.bytes));
    }
    text.remove_prefix(next.bytes);
  }
  return clean;
}

std::string EventText(const v1::Event& event, const TextStyle& style) {
  std::string line =
      Lead(TimeText(event.time(), style.zone), SeverityOf(event), NameOf(event.type()), style);
  absl::StrAppend(&line, PayloadText(event));
  if (event.has_incident()) {
    absl::StrAppend(&line, " [", ToAbsl(NameOf(event.incident().state())), "]",
                    SubjectText(event.incident()));
  } else if (const v1::Alert* alert = AlertOf(event); alert != nullptr) {
    absl::StrAppend(&line, SubjectText(*alert));
  }
  absl::StrAppend(&line, Named("incident", IncidentIdOf(event)));
  if (style.cursor) absl::StrAppend(&line, Named("cursor", event.cursor()));
  return line;
}

std::string SnapshotText(const v1::Incident& incident, const TextStyle& style) {
  return StandingText(incident, "snapshot", style);
}

std::string LeftText(const v1::Left& left, const TextStyle& style) {
  std::string line = StandingText(left.incident(), "left", style);
  if (style.cursor) absl::StrAppend(&line, Named("cursor", left.cursor()));
  return line;
}

}  // namespace tocsin::cli
