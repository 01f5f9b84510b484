#include "bridge/rest/act_on_incident.h"

#include <boost/json/value.hpp>
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
#include "core/event/names.h"
#include "core/event/text.h"
#include "core/event/uuid.h"
#include "core/event/validate.h"
#include "core/http/problem.h"

namespace tocsin::bridge {
namespace {

using http::HttpRequest;
using http::Responder;

constexpr char kKeySpace[] = "idempotency key of POST /v1/incidents/{id}/";

// What an event may leave out, and a client that asks for the action may not.
absl::Status CheckGiven(const v1::Event& event, const boost::json::object& body) {
  if (event.type() == v1::EVENT_TYPE_COMMENT_ADDED && event.comment_added().comment().empty()) {
    return FieldError(ErrorCode::kInvalidMessage, "comment", "is required", {"a text"});
  }
  if (event.type() == v1::EVENT_TYPE_ASSIGNMENT_CHANGED && !body.contains("assignees")) {
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

absl::StatusOr<IncidentChange::MaybeEvent> MakeEvent(const IncidentRequest& request,
                                                     v1::EventType type) {
  boost::json::value body;
  RETURN_IF_ERROR(ParseJson(request.body, body));
  v1::Event event;
  event.set_type(type);
  RETURN_IF_ERROR(ReadJsonAction(body, "", event));
  RETURN_IF_ERROR(CheckGiven(event, body.get_object()));
  SetPerson(event);
  event.mutable_incident()->set_id(request.id);
  event.set_id(request.key.has_value()
                   ? DerivedUuid(kKeySpace, {NameOf(type), request.id, *request.key})
                   : NewUuid(absl::Now()));
  RETURN_IF_ERROR(InTheBodysWords(NormalizeEvent(event, "event")));
  return event;
}

}  // namespace

http::Handler ActOnIncident(HubCalls& calls, v1::EventType type) {
  const BodyForm form =
      type == v1::EVENT_TYPE_INCIDENT_RESOLVED ? BodyForm::kJsonOrNone : BodyForm::kJson;
  return [&calls, type, form](HttpRequest& request, Responder responder) {
    absl::StatusOr<IncidentRequest> read = ReadIncidentRequest(request, /*has_id=*/true, form);
    if (!read.ok()) {
      return std::move(responder).Respond(http::ProblemResponse(read.status()));
    }
    IncidentChange::Plan plan{.incident_id = read->id, .if_match = read->if_match};
    plan.make_event = [type, held = *std::move(read)](const v1::Incident*) {
      return MakeEvent(held, type);
    };
    calls.Run([&calls, held = std::move(plan), responder = std::move(responder)]() mutable {
      IncidentChange::Start(calls, std::move(held), std::move(responder));
    });
  };
}

}  // namespace tocsin::bridge
