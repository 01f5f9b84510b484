// alert_intake.h: SubmitAlert and SubmitAlerts: check, hand to the sequencer, count, answer.
//
// Threads: safe. The answer comes once, from whoever commits (hub/sequencer.h), or on the caller's
//          thread for what is refused here.
// Errors:  in the answer; of many alerts, each in its place.
#pragma once

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "hub/sequencer.h"
#include "hub/service/admission.h"
#include "hub/service/metrics.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::hub {

class AlertIntake {
 public:
  using Answer = absl::AnyInvocable<void(absl::StatusOr<v1::SubmitAlertResponse>)>;
  using AnswerAll = absl::AnyInvocable<void(absl::StatusOr<v1::SubmitAlertsResponse>)>;

  AlertIntake(Sequencer& sequencer, const Admission& admission, HubMetrics& metrics)
      : sequencer_(sequencer), admission_(admission), metrics_(metrics) {}

  // Both take the alerts out of `request`.
  void Submit(v1::SubmitAlertRequest& request, Answer answer);
  void SubmitAll(v1::SubmitAlertsRequest& request, AnswerAll answer);

 private:
  Sequencer& sequencer_;
  const Admission& admission_;
  HubMetrics& metrics_;
};

}  // namespace tocsin::hub
