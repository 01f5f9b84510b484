#include "bridge/rest/write_incidents.h"

#include <boost/json/value.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "bridge/http/caller_gate.h"
#include "bridge/rest/incident_answers.h"
#include "bridge/rest/incident_plans.h"
#include "bridge/rest/incident_request.h"
#include "core/base/status_macros.h"
#include "core/event/json_reader.h"
#include "core/http/problem.h"

namespace tocsin::bridge {
namespace {

using http::HttpRequest;
using http::Responder;

using MaybePlan = absl::StatusOr<IncidentChange::Plan>;
using MakePlan = std::function<MaybePlan(ChangeTarget target, RequestBody body)>;

MaybePlan ReadPlan(IncidentRequest request, const MakePlan& make) {
  auto body = std::make_shared<boost::json::value>();
  RETURN_IF_ERROR(ParseJson(request.body, *body));
  return make(
      {.id = std::move(request.id), .if_match = request.if_match, .key = std::move(request.key)},
      std::move(body));
}

void Start(HubCalls& calls, SubjectPtr subject, MaybePlan plan, Responder responder) {
  if (!plan.ok()) {
    return std::move(responder).Respond(http::ProblemResponse(plan.status()));
  }
  const bool is_new = plan->is_new;
  IncidentChange::Start(
      calls, std::move(subject), *std::move(plan),
      [is_new, responder = std::move(responder)](const IncidentChange::Outcome& outcome) mutable {
        std::move(responder).Respond(ChangeAnswer(outcome, is_new));
      });
}

http::Handler ChangeBy(HubCalls& calls, bool has_id, BodyForm form, MakePlan make) {
  return [&calls, has_id, form, make = std::move(make)](HttpRequest& request, Responder responder) {
    absl::StatusOr<IncidentRequest> read = ReadIncidentRequest(request, has_id, form);
    if (!read.ok()) {
      return std::move(responder).Respond(http::ProblemResponse(read.status()));
    }
    calls.Run([&calls, make, subject = SubjectOf(request), held = *std::move(read),
               responder = std::move(responder)]() mutable {
      Start(calls, std::move(subject), ReadPlan(std::move(held), make), std::move(responder));
    });
  };
}

}  // namespace

http::Handler CreateIncident(HubCalls& calls) {
  return ChangeBy(calls, /*has_id=*/false, BodyForm::kJson,
                  [](ChangeTarget target, RequestBody body) -> MaybePlan {
                    return PlanNewIncident(std::move(body), std::move(target.key));
                  });
}

// Retries of these two need no key: what changes nothing publishes nothing.
http::Handler ReplaceIncident(HubCalls& calls) {
  return ChangeBy(calls, /*has_id=*/true, BodyForm::kJson,
                  [](ChangeTarget target, RequestBody body) {
                    target.key = std::nullopt;
                    return PlanReplacement(std::move(target), std::move(body));
                  });
}

http::Handler PatchIncident(HubCalls& calls) {
  return ChangeBy(calls, /*has_id=*/true, BodyForm::kMergePatch,
                  [](ChangeTarget target, RequestBody body) {
                    target.key = std::nullopt;
                    return PlanPatch(std::move(target), std::move(body));
                  });
}

http::Handler ActOnIncident(HubCalls& calls, v1::EventType type) {
  const BodyForm form =
      type == v1::EVENT_TYPE_INCIDENT_RESOLVED ? BodyForm::kJsonOrNone : BodyForm::kJson;
  return ChangeBy(calls, /*has_id=*/true, form,
                  [type](ChangeTarget target, RequestBody body) -> MaybePlan {
                    return PlanAction(std::move(target), type, std::move(body));
                  });
}

}  // namespace tocsin::bridge
