#include "bridge/graphql/mutation_execution.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/graphql/mutation_request.h"
#include "bridge/rest/incident_answers.h"
#include "core/base/planted.h"
#include "core/event/error.h"

namespace tocsin::bridge::graphql {

MutationExecution::MutationExecution(const ExecutionSources& sources, SubjectPtr subject,
                                     std::unique_ptr<const SelectionPlan> plan, Done done)
    : sources_(sources),
      subject_(std::move(subject)),
      results_(std::move(plan)),
      done_(std::move(done)) {}

void MutationExecution::Start() {
  sources_.calls.Run([self = shared_from_this()] { self->BeginNext(); });
}

void MutationExecution::BeginNext() {
  while (at_ < results_.size() && results_.field(at_).is_typename()) {
    ++at_;
  }
  if (at_ == results_.size() || results_.data_is_null()) {
    return done_(results_.Text(sources_.clock.Now()));
  }
  const PlannedField& field = results_.field(at_);
  if (field.arguments->error.has_value()) {
    results_.Fail(at_, *field.arguments->error);
    GoOn();
  } else if (const absl::Status counted = Count(); !counted.ok()) {
    Fail(counted);
  } else if (field.definition->name == "submitAlert") {
    SubmitAlert(field);
  } else {
    ChangeIncident(field);
  }
}

// Each field publishes.
absl::Status MutationExecution::Count() const {
  if (Planted("mutation-not-counted")) return absl::OkStatus();
  return sources_.authenticator.limits().Publish(*subject_);
}

void MutationExecution::SubmitAlert(const PlannedField& field) {
  const absl::Status allowed = subject_->permission.CheckPublish(v1::EVENT_TYPE_ALERT_RECEIVED);
  if (!allowed.ok()) {
    return Fail(allowed);
  }
  absl::StatusOr<v1::SubmitAlertRequest> request = ReadAlert(field);
  if (!request.ok()) {
    return Fail(request.status());
  }
  std::vector<v1::SubmitAlertRequest> one;
  one.push_back(*std::move(request));
  sources_.alerts.Submit(std::move(one), [self = shared_from_this()](
                                             const std::vector<AlertIntake::Outcome>& outcomes) {
    const AlertIntake::Outcome& outcome = outcomes.front();
    if (!outcome.ok()) {
      return self->Fail(outcome.status());
    }
    self->results_.Set(self->at_, &*outcome);
    self->GoOn();
  });
}

void MutationExecution::ChangeIncident(const PlannedField& field) {
  absl::StatusOr<IncidentChange::Plan> plan = ReadIncidentChange(field);
  if (!plan.ok()) {
    return Fail(plan.status());
  }
  IncidentChange::Start(sources_.calls, subject_, *std::move(plan),
                        [self = shared_from_this()](const IncidentChange::Outcome& outcome) {
                          self->OnChange(outcome);
                        });
}

void MutationExecution::OnChange(const IncidentChange::Outcome& outcome) {
  if (!outcome.status.ok()) {
    return Fail(outcome.status);
  }
  if (!outcome.incident.has_value() && results_.field(at_).selections->Selects("incident")) {
    const absl::Status why = Unseen(outcome.unseen);
    return Fail(
        MakeError(ErrorCodeOf(why), absl::StrCat("the change is made, as the event ",
                                                 outcome.published->id(), "; ", why.message())));
  }
  IncidentResult result;
  if (outcome.incident.has_value()) {
    result = {.incident = &outcome.incident->incident(),
              .event_id = {},
              .cursor = outcome.incident->cursor(),
              .sequence = outcome.incident->sequence()};
  }
  if (outcome.published.has_value()) {
    result.event_id = outcome.published->id();
    result.cursor = outcome.published->cursor();
    result.sequence = outcome.published->sequence();
    result.duplicate = outcome.published->duplicate();
  }
  results_.Set(at_, &result);
  GoOn();
}

void MutationExecution::Fail(const absl::Status& status) {
  results_.Fail(at_, MutationError(results_.field(at_), status));
  GoOn();
}

void MutationExecution::GoOn() {
  ++at_;
  BeginNext();
}

}  // namespace tocsin::bridge::graphql
