#include "hub/incidents.h"

#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/names.h"
#include "core/event/stored_record.h"
#include "core/event/text.h"
#include "core/event/uuid.h"
#include "core/event/validate.h"
#include "hub/incident_rules.h"
#include "hub/incident_states.h"

namespace tocsin::hub {
namespace {

absl::Status UnknownIncident(const v1::Event& event, const FieldPath& path) {
  // Types with a payload of their own have the id there, the others in the incident.
  const bool in_payload = event.payload_case() != v1::Event::PAYLOAD_NOT_SET &&
                          event.type() != v1::EVENT_TYPE_INCIDENT_UPDATED;
  ErrorDetails details;
  details.field =
      (in_payload ? path / NameOf(event.type()) / "incident_id" : path / "incident" / "id").Text();
  return MakeError(
      ErrorCode::kNotFound,
      absl::StrCat(details.field, ": no incident ", ToAbsl(IncidentIdOf(event)),
                   " is known; give the incident whole, or publish its incident_created first"),
      details);
}

}  // namespace

absl::StatusOr<IncidentPtr> Incidents::Complete(v1::Event& event, absl::Time time,
                                                const FieldPath& path) {
  IncidentPtr before;
  if (!HasIncident(event.type())) {
    return before;
  }
  if (IncidentIdOf(event).empty()) {
    event.mutable_incident()->set_id(NewUuid(time));
  } else {
    ASSIGN_OR_RETURN(before, Find(IncidentIdOf(event)));
  }
  if (before == nullptr && GivesIncidentByIdOnly(event)) {
    return UnknownIncident(event, path);
  }
  history_ = HistoryAfter(event, before.get(), time);
  alerts_ = before != nullptr ? before->alerts : AlertCounts();
  CompleteIncident(event, before.get(), time);
  return before;
}

absl::Status Incidents::Apply(v1::Event& event, absl::Time time, const FieldPath& path) {
  ASSIGN_OR_RETURN(const IncidentPtr before, Complete(event, time, path));
  if (!HasIncident(event.type())) {
    return absl::OkStatus();
  }
  return CheckStateChange(event, before.get(), path);
}

void Incidents::Take(const v1::Event& event, const EventPtr& record) {
  if (HasIncident(event.type())) {
    request_[event.incident().id()] =
        IncidentState::After(event.incident(), record, history_.extent, alerts_);
    std::move(history_.rows.begin(), history_.rows.end(), std::back_inserter(request_history_));
  }
}

void Incidents::SetAlerts(const IncidentState& known, AlertCounts alerts) {
  auto state = std::make_shared<IncidentState>(known);
  state->alerts = alerts;
  request_[known.id] = std::move(state);
}

absl::StatusOr<Sequence> Incidents::LastSequence(std::string_view id) {
  ASSIGN_OR_RETURN(const IncidentPtr state, Find(id));
  return state ? state->last_sequence : 0;
}

void Incidents::KeepRequest() {
  for (auto& [id, state] : request_) {
    group_[id] = std::move(state);
  }
  std::move(request_history_.begin(), request_history_.end(), std::back_inserter(group_history_));
  DropRequest();
}

void Incidents::DropRequest() {
  request_.clear();
  request_history_.clear();
}

std::vector<IncidentChange> Incidents::GroupChanges() const {
  std::vector<IncidentChange> changes;
  changes.reserve(group_.size());
  for (const auto& [id, state] : group_) {
    const auto before = before_.find(id);
    changes.push_back({before == before_.end() ? nullptr : before->second, state});
  }
  return changes;
}

void Incidents::DropGroup() {
  DropRequest();
  group_.clear();
  before_.clear();
  group_history_.clear();
}

absl::StatusOr<bool> Incidents::IsHidden(const IncidentState& incident) const {
  if (visible_ == nullptr || Planted("explain-knows-hidden")) {
    return false;
  }
  FactTexts texts;
  if (!ScanIncident(incident.core, texts)) {
    return absl::DataLossError("an incident cannot be read: its record is damaged");
  }
  return !visible_->MatchesIncident(texts);
}

absl::StatusOr<IncidentPtr> Incidents::Find(std::string_view id) {
  for (const Layer* layer : {&request_, &group_}) {
    if (const auto found = layer->find(ToAbsl(id)); found != layer->end()) {
      return found->second;
    }
  }
  IncidentPtr known = cache_.Find(id);
  if (known == nullptr) {
    ASSIGN_OR_RETURN(known, log_.GetIncident(id));
    if (known != nullptr) {
      ASSIGN_OR_RETURN(const bool hidden, IsHidden(*known));
      if (hidden) {
        return nullptr;
      }
      cache_.Put(known);
    }
  }
  if (known != nullptr) {
    before_[std::string(id)] = known;
  }
  return known;
}

}  // namespace tocsin::hub
