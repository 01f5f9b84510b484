#include "bridge/rest/incident_change.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/event/error.h"
#include "core/event/filter.h"
#include "core/event/text.h"

namespace tocsin::bridge {

void IncidentChange::Start(HubCalls& calls, SubjectPtr subject, Plan plan, Done done) {
  std::make_shared<IncidentChange>(calls, std::move(subject), std::move(plan), std::move(done))
      ->Begin();
}

IncidentChange::IncidentChange(HubCalls& calls, SubjectPtr subject, Plan plan, Done done)
    : calls_(calls, std::move(subject)), plan_(std::move(plan)), done_(std::move(done)) {}

void IncidentChange::Begin() {
  if (ReadsFirst()) {
    return ReadFirst();
  }
  absl::StatusOr<MaybeEvent> event = plan_.make_event(nullptr);
  if (!event.ok()) {
    return Refuse(event.status());
  }
  Publish(**std::move(event), plan_.is_new ? 0 : plan_.if_match);
}

bool IncidentChange::ReadsFirst() const {
  const bool sees_all = calls_.permission().filter() == Filter::MatchAll();
  const bool sees_none = !calls_.permission().MaySubscribe();
  return plan_.reads_first ||
         (!plan_.is_new && !sees_all && (!sees_none || plan_.if_match.has_value()));
}

void IncidentChange::ReadFirst() {
  calls_.Get(plan_.incident_id,
             [self = shared_from_this()](absl::StatusOr<v1::GetIncidentResponse> before) {
               before.ok() ? self->OnRead(*std::move(before)) : self->Refuse(before.status());
             });
}

void IncidentChange::OnRead(v1::GetIncidentResponse before) {
  if (plan_.if_match.has_value() && *plan_.if_match != before.sequence()) {
    return RefuseState(std::move(before));
  }
  absl::StatusOr<MaybeEvent> event = plan_.make_event(&before.incident());
  if (!event.ok()) {
    return Refuse(event.status());
  }
  if (!event->has_value()) {
    return Finish({.incident = std::move(before)});
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
    return Refuse(status);
  }
  if (plan_.is_new) {
    return Refuse(
        FieldError(ErrorCode::kConflict, "id", "is the id of an incident that there is already"));
  }
  if (plan_.if_match.has_value()) {
    return RefuseWithWhatIs();
  }
  if (calls_.time_is_over()) {
    return Refuse(MakeError(ErrorCode::kServiceUnavailable,
                            "others change this incident all the time; try again",
                            {.retry_after = absl::Seconds(1)}));
  }
  ReadFirst();
}

void IncidentChange::Show(const v1::PublishResult& result) {
  calls_.Get(result.incident_id(),
             [self = shared_from_this(), result](absl::StatusOr<v1::GetIncidentResponse> after) {
               Outcome outcome{.published = result};
               if (after.ok()) {
                 outcome.incident = *std::move(after);
               } else {
                 outcome.unseen = after.status();
               }
               self->Finish(std::move(outcome));
             });
}

void IncidentChange::RefuseWithWhatIs() {
  calls_.Get(plan_.incident_id,
             [self = shared_from_this()](absl::StatusOr<v1::GetIncidentResponse> now) {
               now.ok() ? self->RefuseState(*std::move(now)) : self->Refuse(now.status());
             });
}

void IncidentChange::Refuse(absl::Status status) { Finish({.status = std::move(status)}); }

void IncidentChange::RefuseState(v1::GetIncidentResponse now) {
  absl::Status status =
      FieldError(ErrorCode::kConflict, "if_sequence",
                 absl::StrCat("is not the sequence of the incident's newest event, which is ",
                              now.sequence()));
  Finish({.status = std::move(status), .incident = std::move(now)});
}

void IncidentChange::Finish(Outcome outcome) { done_(std::move(outcome)); }

}  // namespace tocsin::bridge
