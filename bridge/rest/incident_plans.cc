#include "bridge/rest/incident_plans.h"

#include <google/protobuf/util/message_differencer.h>

#include <utility>

#include "absl/time/clock.h"
#include "bridge/http/derived_id.h"
#include "bridge/rest/incident_calls.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/event/json_input.h"
#include "core/event/names.h"
#include "core/event/text.h"
#include "core/event/uuid.h"
#include "core/event/validate.h"

namespace tocsin::bridge {
namespace {

using boost::json::value;
using google::protobuf::util::MessageDifferencer;
using MaybeEvent = IncidentChange::MaybeEvent;

constexpr char kNewSpace[] = "idempotency key of POST /v1/incidents";
constexpr char kPatchSpace[] = "idempotency key of PATCH /v1/incidents/{id}";
constexpr char kActionSpace[] = "idempotency key of POST /v1/incidents/{id}/";

absl::Status Normalize(v1::Event& event) { return InTheBodysWords(NormalizeEvent(event, "event")); }

// ---- a new one ----

absl::StatusOr<MaybeEvent> NewIncident(const value& body, const RequestKey& key) {
  v1::Event event;
  event.set_type(v1::EVENT_TYPE_INCIDENT_CREATED);
  RETURN_IF_ERROR(ReadJsonIncident(body, "", /*pass_over_output=*/false, event));
  std::string& id = *event.mutable_incident()->mutable_id();
  if (key.has_value()) {
    event.set_id(DerivedUuid(kNewSpace, {*key}));
    id = id.empty() ? DerivedUuid(kNewSpace, {*key, "incident"}) : id;
  } else {
    event.set_id(NewUuid(absl::Now()));
    id = id.empty() ? NewUuid(absl::Now()) : id;
  }
  RETURN_IF_ERROR(Normalize(event));
  return event;
}

// ---- a change ----

// What the hub keeps by itself: an event that has it would take its place.
void ClearHistory(v1::Incident& incident) {
  incident.clear_timeline();
  incident.clear_notes();
  incident.clear_alerts();
}

v1::EventType TypeOfChange(v1::IncidentState before, v1::IncidentState after) {
  if (before == after) {
    return v1::EVENT_TYPE_INCIDENT_UPDATED;
  }
  switch (after) {
    case v1::INCIDENT_STATE_RESOLVED:
      return v1::EVENT_TYPE_INCIDENT_RESOLVED;
    case v1::INCIDENT_STATE_CLOSED:
      return v1::EVENT_TYPE_INCIDENT_CLOSED;
    default:
      return v1::EVENT_TYPE_INCIDENT_UPDATED;
  }
}

// `event` has the incident as it is to be.
absl::StatusOr<MaybeEvent> Changed(v1::Event event, v1::Incident before) {
  v1::Incident& after = *event.mutable_incident();
  ClearHistory(before);
  ClearHistory(after);
  if (after.state() == v1::INCIDENT_STATE_UNSPECIFIED) {
    after.set_state(before.state());
  }
  event.set_type(TypeOfChange(before.state(), after.state()));
  RETURN_IF_ERROR(Normalize(event));
  after.clear_updated_at();
  before.clear_updated_at();
  if (MessageDifferencer::Equals(before, after)) {
    return std::nullopt;
  }
  return event;
}

absl::StatusOr<MaybeEvent> Replaced(const value& body, const v1::Incident& before,
                                    const RequestKey& /*key*/) {
  v1::Event event;
  event.set_id(NewUuid(absl::Now()));
  RETURN_IF_ERROR(ReadJsonIncident(body, "", /*pass_over_output=*/true, event));
  v1::Incident& after = *event.mutable_incident();
  if (!after.id().empty() && after.id() != before.id()) {
    return FieldError(ErrorCode::kInvalidMessage, "id", "is another incident's than the path has",
                      {before.id()});
  }
  after.set_id(before.id());
  if (before.has_created_at()) {
    *after.mutable_created_at() = before.created_at();
  }
  return Changed(std::move(event), before);
}

absl::StatusOr<MaybeEvent> Patched(const value& patch, const v1::Incident& before,
                                   const RequestKey& key) {
  v1::Event event;
  event.set_id(key.has_value() ? DerivedUuid(kPatchSpace, {before.id(), *key})
                               : NewUuid(absl::Now()));
  *event.mutable_incident() = before;
  RETURN_IF_ERROR(PatchJsonIncident(patch, "", event));
  return Changed(std::move(event), before);
}

using MakeChange = absl::StatusOr<MaybeEvent> (*)(const value&, const v1::Incident&,
                                                  const RequestKey&);

// A body that is wrong for this one is wrong for every incident.
v1::Incident PlainIncident(const std::string& id) {
  v1::Incident incident;
  incident.set_id(id);
  incident.set_title("title");
  incident.set_source("source");
  incident.set_severity(v1::SEVERITY_P4);
  incident.set_state(v1::INCIDENT_STATE_DETECTED);
  return incident;
}

absl::StatusOr<IncidentChange::Plan> PlanChange(ChangeTarget target, RequestBody body,
                                                MakeChange make) {
  // The hub, which may be away, is not asked for nothing.
  RETURN_IF_ERROR(make(*body, PlainIncident(target.id), target.key).status());
  return IncidentChange::Plan{
      .incident_id = std::move(target.id),
      .if_match = target.if_match,
      .reads_first = true,
      .make_event = [body = std::move(body), key = std::move(target.key),
                     make](const v1::Incident* before) { return make(*body, *before, key); }};
}

// ---- what is done to one ----

// What an event may leave out, and a client that asks for the action may not.
absl::Status CheckGiven(const v1::Event& event, const value& body) {
  if (event.type() == v1::EVENT_TYPE_COMMENT_ADDED && event.comment_added().comment().empty()) {
    return FieldError(ErrorCode::kInvalidMessage, "comment", "is required", {"a text"});
  }
  if (event.type() == v1::EVENT_TYPE_ASSIGNMENT_CHANGED &&
      !body.get_object().contains("assignees")) {
    return FieldError(ErrorCode::kInvalidMessage, "assignees", "is required",
                      {"a list of texts; an empty one takes all away"});
  }
  return absl::OkStatus();
}

// Who acts is also who comments and resolves, unless the body says otherwise.
void SetPerson(v1::Event& event) {
  if (event.has_comment_added() && event.comment_added().author().empty()) {
    event.mutable_comment_added()->set_author(event.actor());
  }
  if (event.incident().has_resolution() && event.incident().resolution().resolved_by().empty()) {
    event.mutable_incident()->mutable_resolution()->set_resolved_by(event.actor());
  }
}

absl::StatusOr<MaybeEvent> Action(const value& body, v1::EventType type, const std::string& id,
                                  const RequestKey& key) {
  v1::Event event;
  event.set_type(type);
  RETURN_IF_ERROR(ReadJsonAction(body, "", event));
  RETURN_IF_ERROR(CheckGiven(event, body));
  SetPerson(event);
  event.mutable_incident()->set_id(id);
  event.set_id(key.has_value() ? DerivedUuid(kActionSpace, {NameOf(type), id, *key})
                               : NewUuid(absl::Now()));
  RETURN_IF_ERROR(Normalize(event));
  return event;
}

}  // namespace

IncidentChange::Plan PlanNewIncident(RequestBody body, RequestKey key) {
  return {.is_new = true,
          .make_event = [body = std::move(body), key = std::move(key)](const v1::Incident*) {
            return NewIncident(*body, key);
          }};
}

absl::StatusOr<IncidentChange::Plan> PlanReplacement(ChangeTarget target, RequestBody body) {
  return PlanChange(std::move(target), std::move(body), Replaced);
}

absl::StatusOr<IncidentChange::Plan> PlanPatch(ChangeTarget target, RequestBody body) {
  return PlanChange(std::move(target), std::move(body), Patched);
}

IncidentChange::Plan PlanAction(ChangeTarget target, v1::EventType type, RequestBody body) {
  return {.incident_id = target.id,
          .if_match = target.if_match,
          .make_event = [body = std::move(body), type, target](const v1::Incident*) {
            return Action(*body, type, target.id, target.key);
          }};
}

}  // namespace tocsin::bridge
