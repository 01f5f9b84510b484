// Staging an alert: it is completed, what is known of its fingerprint is looked up, and the events
// that the rules give are staged as those of a publish. All of it in the log's order, so of two
// alerts with one fingerprint the second meets the incident that the first has opened.
#include <utility>

#include "core/base/status_macros.h"
#include "core/event/time_proto.h"
#include "core/event/uuid.h"
#include "core/event/wire.h"
#include "hub/group_commit.h"

namespace tocsin::hub {
namespace {

// Nothing of it was appended: this is what it repeats, if anything.
AlertAnswer Repetition(const KnownAlert& known, const v1::Alert& alert) {
  AlertAnswer answer;
  answer.response.set_duplicate(true);
  if (known.row) {
    answer.response.set_alert_id(known.row->shown.alert_id());
    answer.response.set_incident_id(known.incident->id);
  } else {
    answer.response.set_alert_id(alert.id());
  }
  return answer;
}

// What is known of an alert whose event the log does not hold any more.
v1::Alert AlertOfRow(const KnownAlert& known) {
  v1::Alert alert;
  alert.set_source(known.row->shown.source());
  alert.set_title(known.row->shown.title());
  alert.set_severity(known.row->shown.severity());
  alert.set_alert_type(known.incident->Parse().incident_type());
  SetTimestamp(*alert.mutable_timestamp(), known.row->firing_at);
  return alert;
}

absl::StatusOr<v1::Alert> ReadAlertAt(const Log& log, Sequence sequence) {
  ASSIGN_OR_RETURN(const std::vector<EventPtr> events, log.Read(sequence - 1, 1, 1));
  if (events.empty()) {
    return absl::NotFoundError("the event is not held");
  }
  ASSIGN_OR_RETURN(const v1::Event event, DecodeEventField(events.front()->payload));
  return event.has_alert_received() ? event.alert_received().alert()
                                    : event.alert_converted().alert();
}

}  // namespace

AlertOutcome GroupCommit::StageAlert(PendingAlert& pending) {
  ASSIGN_OR_RETURN(std::optional<AlertAnswer> taken, FindTakenAlert(pending));
  if (taken) {
    return *std::move(taken);
  }
  v1::Alert alert = pending.request.alert;
  ASSIGN_OR_RETURN(const KnownAlert known, alerts_.Find(alert.fingerprint()));
  if (pending.request.report != AlertReport::kEnd) {
    CompleteSubmitted(alert);
  } else if (!ReadEnded(known, alert)) {
    return AlertAnswer();
  }
  const AlertPlan plan =
      PlanAlert(alert, pending.request.report, known, options_.resolve_incidents);
  if (plan.effect == AlertEffect::kNothing) {
    alerts_.Renew(alert, known);
    return Repetition(known, alert);
  }
  if (alert.id().empty()) {
    alert.set_id(NewUuid(time_));
  }
  return StageAlertEvents(plan, alert, known, pending);
}

absl::StatusOr<std::optional<AlertAnswer>> GroupCommit::FindTakenAlert(
    const PendingAlert& pending) const {
  const std::string& id = pending.request.alert.id();
  const DedupWindow::Seen* const seen = id.empty() ? nullptr : FindId(AlertEventId(id, 0));
  if (seen == nullptr) {
    return std::optional<AlertAnswer>();
  }
  if (IsOtherContent(*seen, pending.content)) {
    return OtherContentError(id, seen->sequence, pending.request.path);
  }
  AlertAnswer answer;
  answer.response.set_alert_id(id);
  answer.response.set_incident_id(UnpackUuid(seen->incident));
  answer.response.set_duplicate(true);
  return std::optional(std::move(answer));
}

void GroupCommit::CompleteSubmitted(v1::Alert& alert) const {
  SetTimestamp(*alert.mutable_received_at(), time_);
  if (!alert.has_timestamp()) {
    SetTimestamp(*alert.mutable_timestamp(), time_);
  }
  if (alert.has_ends_at() && ToTime(alert.ends_at()) <= time_) {
    alert.set_status(v1::ALERT_STATUS_RESOLVED);
  }
}

bool GroupCommit::ReadEnded(const KnownAlert& known, v1::Alert& alert) const {
  const std::string fingerprint = alert.fingerprint();
  const FiringAlerts::Firing* const firing = follower_.firing().Find(fingerprint);
  if (!known.open() || firing == nullptr || firing->end > time_) {
    return false;
  }
  absl::StatusOr<v1::Alert> last = ReadAlertAt(log_, known.row->sequence);
  alert = last.ok() && last->fingerprint() == fingerprint ? *std::move(last) : AlertOfRow(known);
  alert.set_fingerprint(fingerprint);
  alert.set_status(v1::ALERT_STATUS_RESOLVED);
  alert.clear_id();
  alert.clear_incident_id();
  SetTimestamp(*alert.mutable_received_at(), time_);
  SetTimestamp(*alert.mutable_ends_at(), firing->end);
  return true;
}

AlertOutcome GroupCommit::StageAlertEvents(const AlertPlan& plan, const v1::Alert& alert,
                                           const KnownAlert& known, const PendingAlert& pending) {
  const bool has_id = !pending.request.alert.id().empty();
  const Sequence first = follower_.last() + batch_.events.size() + 1;
  AlertAnswer answer;
  answer.response.set_alert_id(alert.id());
  answer.response.set_opened(plan.effect == AlertEffect::kOpen);
  answer.resolved = plan.resolves;
  if (plan.effect == AlertEffect::kOpen) {
    answer.response.set_incident_id(NewUuid(time_));
  } else if (plan.effect == AlertEffect::kTake) {
    answer.response.set_incident_id(known.incident->id);
  }
  for (v1::Event& event :
       AlertEvents(plan, alert, answer.response.incident_id(), known.incident.get())) {
    if (has_id) {
      event.set_id(AlertEventId(alert.id(), answer.events));
    }
    ASSIGN_OR_RETURN(v1::PublishResult result,
                     StageEvent(event, pending.content, pending.request.path));
    answer.response.set_cursor(std::move(*result.mutable_cursor()));
    ++answer.events;
  }
  if (plan.effect == AlertEffect::kOpen) {
    RETURN_IF_ERROR(alerts_.TakeAlert(answer.response.incident_id(), alert, first, time_));
  } else if (plan.effect == AlertEffect::kAlone && known.open()) {
    RETURN_IF_ERROR(alerts_.TakeAlert(known.incident->id, alert, first, time_));
  }
  return answer;
}

}  // namespace tocsin::hub
