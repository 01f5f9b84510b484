#include "bridge/rest/write_incidents.h"

#include <google/protobuf/util/message_differencer.h>

#include <boost/json/value.hpp>
#include <memory>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "bridge/http/derived_id.h"
#include "bridge/rest/incident_change.h"
#include "bridge/rest/incident_request.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/event/json_input.h"
#include "core/event/json_reader.h"
#include "core/event/text.h"
#include "core/event/uuid.h"
#include "core/event/validate.h"
#include "core/http/problem.h"

namespace tocsin::bridge {
namespace {

using google::protobuf::util::MessageDifferencer;
using http::HttpRequest;
using http::Responder;

using Body = std::shared_ptr<const boost::json::value>;

constexpr char kKeySpace[] = "idempotency key of POST /v1/incidents";

absl::StatusOr<Body> Parse(std::string_view json) {
  auto value = std::make_shared<boost::json::value>();
  RETURN_IF_ERROR(ParseJson(json, *value));
  return value;
}

absl::Status Normalize(v1::Event& event) { return InTheBodysWords(NormalizeEvent(event, "event")); }

// ---- a new one ----

absl::StatusOr<IncidentChange::MaybeEvent> NewIncident(const IncidentRequest& request) {
  ASSIGN_OR_RETURN(const Body body, Parse(request.body));
  v1::Event event;
  event.set_type(v1::EVENT_TYPE_INCIDENT_CREATED);
  RETURN_IF_ERROR(ReadJsonIncident(*body, "", /*pass_over_output=*/false, event));
  std::string& id = *event.mutable_incident()->mutable_id();
  if (request.key.has_value()) {
    event.set_id(DerivedUuid(kKeySpace, {*request.key}));
    id = id.empty() ? DerivedUuid(kKeySpace, {*request.key, "incident"}) : id;
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
absl::StatusOr<IncidentChange::MaybeEvent> Changed(v1::Event event, v1::Incident before) {
  v1::Incident& after = *event.mutable_incident();
  ClearHistory(before);
  ClearHistory(after);
  if (after.state() == v1::INCIDENT_STATE_UNSPECIFIED) {
    after.set_state(before.state());
  }
  event.set_type(TypeOfChange(before.state(), after.state()));
  event.set_id(NewUuid(absl::Now()));
  RETURN_IF_ERROR(Normalize(event));
  after.clear_updated_at();
  before.clear_updated_at();
  if (MessageDifferencer::Equals(before, after)) {
    return std::nullopt;
  }
  return event;
}

absl::StatusOr<IncidentChange::MaybeEvent> Replaced(const boost::json::value& body,
                                                    const v1::Incident& before) {
  v1::Event event;
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

absl::StatusOr<IncidentChange::MaybeEvent> Patched(const boost::json::value& patch,
                                                   const v1::Incident& before) {
  v1::Event event;
  *event.mutable_incident() = before;
  RETURN_IF_ERROR(PatchJsonIncident(patch, "", event));
  return Changed(std::move(event), before);
}

using MakeChange = absl::StatusOr<IncidentChange::MaybeEvent> (*)(const boost::json::value&,
                                                                  const v1::Incident&);

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

absl::StatusOr<Body> ParseChange(const IncidentRequest& request, MakeChange make) {
  ASSIGN_OR_RETURN(Body body, Parse(request.body));
  // The hub, which may be away, is not asked for nothing.
  RETURN_IF_ERROR(make(*body, PlainIncident(request.id)).status());
  return body;
}

void StartChange(HubCalls& calls, IncidentRequest request, MakeChange make, Responder responder) {
  absl::StatusOr<Body> body = ParseChange(request, make);
  if (!body.ok()) {
    return std::move(responder).Respond(http::ProblemResponse(body.status()));
  }
  IncidentChange::Start(
      calls,
      {.incident_id = std::move(request.id),
       .if_match = request.if_match,
       .reads_first = true,
       .make_event = [held = *std::move(body),
                      make](const v1::Incident* before) { return make(*held, *before); }},
      std::move(responder));
}

http::Handler ChangeBy(HubCalls& calls, BodyForm form, MakeChange make) {
  return [&calls, form, make](HttpRequest& request, Responder responder) {
    absl::StatusOr<IncidentRequest> read = ReadIncidentRequest(request, /*has_id=*/true, form);
    if (!read.ok()) {
      return std::move(responder).Respond(http::ProblemResponse(read.status()));
    }
    calls.Run([&calls, make, held = *std::move(read), responder = std::move(responder)]() mutable {
      StartChange(calls, std::move(held), make, std::move(responder));
    });
  };
}

}  // namespace

http::Handler CreateIncident(HubCalls& calls) {
  return [&calls](HttpRequest& request, Responder responder) {
    absl::StatusOr<IncidentRequest> read =
        ReadIncidentRequest(request, /*has_id=*/false, BodyForm::kJson);
    if (!read.ok()) {
      return std::move(responder).Respond(http::ProblemResponse(read.status()));
    }
    IncidentChange::Plan plan{
        .is_new = true,
        .make_event = [held = *std::move(read)](const v1::Incident*) { return NewIncident(held); }};
    calls.Run([&calls, held = std::move(plan), responder = std::move(responder)]() mutable {
      IncidentChange::Start(calls, std::move(held), std::move(responder));
    });
  };
}

http::Handler ReplaceIncident(HubCalls& calls) {
  return ChangeBy(calls, BodyForm::kJson, Replaced);
}

http::Handler PatchIncident(HubCalls& calls) {
  return ChangeBy(calls, BodyForm::kMergePatch, Patched);
}

}  // namespace tocsin::bridge
