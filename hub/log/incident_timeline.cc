#include "hub/log/incident_timeline.h"

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/strings.h"
#include "core/base/utf8.h"
#include "core/event/names.h"

namespace tocsin::hub {
namespace {

// Of a text that somebody wrote; the event has all of it.
constexpr size_t kQuotedBytes = 200;

absl::string_view Name(auto value) { return ToAbsl(NameOf(value)); }

// ": text", cut at a character's beginning; "" without one.
std::string After(std::string_view text) {
  if (text.empty()) {
    return "";
  }
  const std::string_view kept = Utf8Prefix(text, kQuotedBytes);
  return absl::StrCat(": ", ToAbsl(kept), kept.size() < text.size() ? "…" : "");
}

// P0 is the worst.
std::string SeverityChange(v1::Severity from, v1::Severity to) {
  return absl::StrCat("severity ", to < from ? "raised" : "lowered", " from ", Name(from), " to ",
                      Name(to));
}

std::string Escalation(const v1::Escalated& escalated) {
  const v1::Severity from = escalated.from_severity();
  const v1::Severity to = escalated.to_severity();
  return absl::StrCat(
      from == to ? absl::StrCat("escalated at ", Name(to)) : SeverityChange(from, to),
      After(escalated.reason()));
}

std::string Update(const v1::Event& event) {
  const v1::Incident& incident = event.incident();
  std::string changes;
  if (event.before().has_state()) {
    changes = absl::StrCat("state changed from ", Name(event.before().state()), " to ",
                           Name(incident.state()));
  }
  if (event.before().has_severity()) {
    absl::StrAppend(&changes, changes.empty() ? "" : ", ",
                    SeverityChange(event.before().severity(), incident.severity()));
  }
  return changes.empty() ? "updated" : changes;
}

std::string Assignment(const v1::AssignmentChanged& changed) {
  return changed.assignees().empty()
             ? std::string("assigned to nobody")
             : absl::StrCat("assigned", After(absl::StrJoin(changed.assignees(), ", ")));
}

std::string Sentence(const v1::Event& event) {
  const v1::Incident& incident = event.incident();
  switch (event.type()) {
    case v1::EVENT_TYPE_INCIDENT_CREATED:
      return absl::StrCat("created with severity ", Name(incident.severity()),
                          After(incident.title()));
    case v1::EVENT_TYPE_INCIDENT_RESOLVED:
      return absl::StrCat("resolved", After(incident.resolution().root_cause()));
    case v1::EVENT_TYPE_INCIDENT_CLOSED:
      return "closed";
    case v1::EVENT_TYPE_ALERT_CONVERTED:
      return absl::StrCat("took an alert", After(event.alert_converted().alert().title()));
    case v1::EVENT_TYPE_ESCALATED:
      return Escalation(event.escalated());
    case v1::EVENT_TYPE_PLAYBOOK_STARTED:
      return absl::StrCat("playbook started", After(event.playbook_started().playbook_name()));
    case v1::EVENT_TYPE_PLAYBOOK_ACTION_EXECUTED:
      return absl::StrCat("playbook action ",
                          event.playbook_action_executed().success() ? "done" : "failed",
                          After(event.playbook_action_executed().action_name()));
    case v1::EVENT_TYPE_PLAYBOOK_COMPLETED:
      return absl::StrCat("playbook ",
                          event.playbook_completed().success() ? "completed" : "failed", " after ",
                          event.playbook_completed().actions_executed(), " actions");
    case v1::EVENT_TYPE_NOTIFICATION_SENT:
      return absl::StrCat("notification ",
                          event.notification_sent().success() ? "sent" : "not sent",
                          After(event.notification_sent().channel()));
    case v1::EVENT_TYPE_ASSIGNMENT_CHANGED:
      return Assignment(event.assignment_changed());
    case v1::EVENT_TYPE_COMMENT_ADDED:
      return absl::StrCat("commented", After(event.comment_added().comment()));
    default:
      return Update(event);
  }
}

}  // namespace

v1::TimelineEntry TimelineOf(const v1::Event& event) {
  v1::TimelineEntry entry;
  *entry.mutable_timestamp() = event.time();
  entry.set_event_type(std::string(NameOf(event.type())));
  const bool is_comment = event.type() == v1::EVENT_TYPE_COMMENT_ADDED;
  entry.set_actor(event.actor().empty() && is_comment ? event.comment_added().author()
                                                      : event.actor());
  entry.set_description(Sentence(event));
  (*entry.mutable_metadata())["cursor"] = event.cursor();
  return entry;
}

}  // namespace tocsin::hub
