#include "hub/service/alert_intake.h"

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "hub/service/alert_request.h"
#include "hub/service/grpc_status.h"

namespace tocsin::hub {
namespace {

void Count(HubMetrics& metrics, const AlertOutcome& outcome) {
  if (outcome.ok()) {
    metrics.AlertAnswered(*outcome);
  } else {
    metrics.AlertRefused(ErrorCodeOf(outcome.status()));
  }
}

// The outcomes of one request, until the last of them is there.
class Outcomes {
 public:
  Outcomes(int count, AlertIntake::AnswerAll answer) : missing_(count), answer_(std::move(answer)) {
    for (int i = 0; i < count; ++i) {
      response_.add_outcomes();
    }
  }

  // Once for each index; from any thread.
  void Set(int index, AlertOutcome outcome) {
    v1::SubmitAlertOutcome& slot = *response_.mutable_outcomes(index);
    if (outcome.ok()) {
      *slot.mutable_response() = std::move(outcome->response);
    } else {
      *slot.mutable_error() = ToPublishError(outcome.status());
    }
    if (missing_.fetch_sub(1) == 1) {
      answer_(std::move(response_));
    }
  }

 private:
  std::atomic<int> missing_;
  v1::SubmitAlertsResponse response_;
  AlertIntake::AnswerAll answer_;
};

}  // namespace

void AlertIntake::Submit(v1::SubmitAlertRequest& request, Answer answer) {
  absl::Status open = admission_.CheckOpen();
  absl::StatusOr<AlertRequestData> data =
      open.ok() ? ReadAlertRequest(request, "alert") : absl::StatusOr<AlertRequestData>(open);
  if (!data.ok()) {
    metrics_.AlertRefused(ErrorCodeOf(data.status()));
    return answer(data.status());
  }
  std::vector<AlertSubmission> alerts(1);
  alerts[0].request = *std::move(data);
  alerts[0].done = [&metrics = metrics_, answer = std::move(answer)](AlertOutcome outcome) mutable {
    Count(metrics, outcome);
    outcome.ok() ? answer(std::move(outcome->response)) : answer(outcome.status());
  };
  sequencer_.Submit(std::move(alerts));
}

void AlertIntake::SubmitAll(v1::SubmitAlertsRequest& request, AnswerAll answer) {
  absl::Status status = admission_.CheckOpen();
  if (status.ok()) {
    status = CheckAlertsRequest(request);
  }
  if (!status.ok()) {
    metrics_.AlertRefused(ErrorCodeOf(status));
    return answer(status);
  }
  const auto outcomes = std::make_shared<Outcomes>(request.alerts_size(), std::move(answer));
  std::vector<AlertSubmission> alerts;
  for (int i = 0; i < request.alerts_size(); ++i) {
    auto done = [&metrics = metrics_, outcomes, i](AlertOutcome outcome) {
      Count(metrics, outcome);
      outcomes->Set(i, std::move(outcome));
    };
    absl::StatusOr<AlertRequestData> data = ReadAlertRequest(
        *request.mutable_alerts(i), FieldPath("alerts")[static_cast<size_t>(i)] / "alert");
    if (data.ok()) {
      alerts.push_back({*std::move(data), std::move(done)});
    } else {
      done(data.status());
    }
  }
  sequencer_.Submit(std::move(alerts));
}

}  // namespace tocsin::hub
