#include "bridge/rest/incident_change.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/rest/incident_answers.h"
#include "core/event/error.h"
#include "core/event/text.h"
#include "core/http/problem.h"

namespace tocsin::bridge {

using http::ProblemResponse;

void IncidentChange::Start(HubCalls& calls, Plan plan, http::Responder responder) {
  std::make_shared<IncidentChange>(calls, std::move(plan), std::move(responder))->Begin();
}

IncidentChange::IncidentChange(HubCalls& calls, Plan plan, http::Responder responder)
    : calls_(calls), plan_(std::move(plan)), responder_(std::move(responder)) {}

void IncidentChange::Begin() {
  if (plan_.reads_first) {
    return ReadFirst();
  }
  absl::StatusOr<MaybeEvent> event = plan_.make_event(nullptr);
  if (!event.ok()) {
    return Answer(ProblemResponse(event.status()));
  }
  Publish(**std::move(event), plan_.is_new ? 0 : plan_.if_match);
}

void IncidentChange::ReadFirst() {
  calls_.Get(plan_.incident_id,
             [self = shared_from_this()](absl::StatusOr<v1::GetIncidentResponse> before) {
               before.ok() ? self->OnRead(*before) : self->Answer(ProblemResponse(before.status()));
             });
}

void IncidentChange::OnRead(const v1::GetIncidentResponse& before) {
  if (plan_.if_match.has_value() && *plan_.if_match != before.sequence()) {
    return Answer(PreconditionFailed(before));
  }
  absl::StatusOr<MaybeEvent> event = plan_.make_event(&before.incident());
  if (!event.ok()) {
    return Answer(ProblemResponse(event.status()));
  }
  if (!event->has_value()) {
    return Answer(IncidentAnswer(before));
  }
  Publish(**std::move(event), before.sequence());
}

void IncidentChange::Publish(v1::Event event, std::optional<Sequence> expected) {
  calls_.Publish(std::move(event), expected,
                 [self = shared_from_this()](absl::StatusOr<v1::PublishResponse> response) {
                   response.ok() ? self->Show(response->results(0))
                                 : self->OnRefused(response.status());
                 });
}

void IncidentChange::OnRefused(const absl::Status& status) {
  if (!IsOtherSequence(status)) {
    return Answer(ProblemResponse(status));
  }
  if (plan_.is_new) {
    return Answer(ProblemResponse(
        FieldError(ErrorCode::kConflict, "id", "is the id of an incident that there is already")));
  }
  if (plan_.if_match.has_value()) {
    return TellWhatIs();
  }
  if (calls_.time_is_over()) {
    return Answer(ProblemResponse(MakeError(ErrorCode::kServiceUnavailable,
                                            "others change this incident all the time; try again",
                                            {.retry_after = absl::Seconds(1)})));
  }
  ReadFirst();
}

void IncidentChange::Show(const v1::PublishResult& result) {
  calls_.Get(result.incident_id(),
             [self = shared_from_this(), result](absl::StatusOr<v1::GetIncidentResponse> after) {
               self->Answer(after.ok() ? IncidentAnswer(*after, self->plan_.is_new ? 201 : 200)
                                       : ChangedUnseen(result));
             });
}

void IncidentChange::TellWhatIs() {
  calls_.Get(plan_.incident_id,
             [self = shared_from_this()](absl::StatusOr<v1::GetIncidentResponse> now) {
               self->Answer(now.ok() ? PreconditionFailed(*now) : ProblemResponse(now.status()));
             });
}

void IncidentChange::Answer(http::HttpResponse response) {
  std::move(*responder_).Respond(std::move(response));
}

}  // namespace tocsin::bridge
