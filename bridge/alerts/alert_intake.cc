#include "bridge/alerts/alert_intake.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/text.h"
#include "core/event/uuid.h"
#include "core/http/io_thread.h"
#include "core/rpc/hub_error.h"

namespace tocsin::bridge {
namespace {

constexpr char kMethod[] = "/tocsin.v1.EventHub/SubmitAlerts";
constexpr size_t kTagBytes = 6;  // at most, before each alert of a request

absl::Status Unavailable(std::string_view why) {
  return MakeError(ErrorCode::kServiceUnavailable, why, {.retry_after = absl::Seconds(1)});
}

absl::Status TooLarge(size_t bytes) {
  return MakeError(
      ErrorCode::kMessageTooLarge, absl::StrCat("the alert has ", bytes, " bytes"),
      {.allowed = {absl::StrCat("at most ", limits::kEventBytes, " bytes in one alert")}});
}

// The hub names a field as `alerts[3].alert.title`.
absl::Status WithinTheAlert(const absl::Status& status, size_t index) {
  const std::string field = ErrorDetailsOf(status).field;
  absl::string_view rest = field;
  absl::ConsumePrefix(&rest, absl::StrCat("alerts[", index, "]."));
  absl::ConsumePrefix(&rest, "alert.");
  return rest.size() == field.size() ? status : WithFieldNamed(status, ToStd(rest));
}

// `at`: the alert's place in the call.
AlertIntake::Outcome OutcomeAt(const absl::StatusOr<v1::SubmitAlertsResponse>& response,
                               size_t at) {
  if (!response.ok()) {
    return response.status();
  }
  const int index = static_cast<int>(at);
  if (index >= response->outcomes_size()) {
    return MakeError(ErrorCode::kInternal, "the hub's answer does not have this alert");
  }
  const v1::SubmitAlertOutcome& outcome = response->outcomes(index);
  return outcome.has_error()
             ? AlertIntake::Outcome(WithinTheAlert(rpc::FromPublishError(outcome.error()), at))
             : AlertIntake::Outcome(outcome.response());
}

}  // namespace

struct AlertIntake::Submission {
  struct Alert {
    v1::SubmitAlertRequest request;
    size_t place;  // in the caller's list
    // It came without an id, and reports no state: where the hub has seen it, that was our first
    // try.
    bool never_duplicate = false;
  };

  bool all_sent() const { return sent == alerts.size(); }

  std::vector<Alert> alerts;      // without those that are refused at once
  std::vector<Outcome> outcomes;  // of all
  size_t bytes = 0;
  size_t sent = 0;  // the first so many of `alerts`
  absl::Duration came;
  Done done;
};

// Of a call's alerts, those of one submission: `count` of its list from `begin` on.
struct AlertIntake::Part {
  SubmissionPtr submission;
  size_t begin;
  size_t count;
};

AlertIntake::AlertIntake(HubCalls& calls, Clock& clock) : calls_(calls), clock_(clock) {}
AlertIntake::~AlertIntake() = default;

void AlertIntake::Submit(std::vector<v1::SubmitAlertRequest> alerts, Done done) {
  auto submission = std::make_unique<Submission>();
  submission->outcomes.reserve(alerts.size());
  submission->came = clock_.Monotonic();
  submission->done = std::move(done);
  for (size_t i = 0; i < alerts.size(); ++i) {
    std::string& id = *alerts[i].mutable_alert()->mutable_id();
    const bool never_duplicate = id.empty() && !alerts[i].state_report();
    if (id.empty()) {
      id = NewUuid(clock_.Now());
    }
    const size_t bytes = alerts[i].ByteSizeLong();
    if (bytes > limits::kEventBytes) {
      submission->outcomes.push_back(TooLarge(bytes));
      continue;
    }
    submission->outcomes.push_back(absl::UnknownError("not answered"));
    submission->alerts.push_back({std::move(alerts[i]), i, never_duplicate});
    submission->bytes += bytes;
  }
  if (submission->alerts.empty()) {
    return submission->done(std::move(submission->outcomes));
  }
  if (!Admit(submission->alerts.size(), submission->bytes)) {
    for (const Submission::Alert& alert : submission->alerts) {
      submission->outcomes[alert.place] = Unavailable("too many alerts wait for the hub");
    }
    return submission->done(std::move(submission->outcomes));
  }
  calls_.Run([this, held = std::move(submission)]() mutable {
    waiting_.push_back(std::move(held));
    StartSoon();
  });
}

bool AlertIntake::Admit(size_t alerts, size_t bytes) {
  const bool few = alerts_.fetch_add(alerts) + alerts <= kMaxAlerts;
  const bool small = bytes_.fetch_add(bytes) + bytes <= kMaxBytes;
  if (!few || !small) {
    Release(alerts, bytes);
  }
  return few && small;
}

void AlertIntake::Release(size_t alerts, size_t bytes) {
  alerts_ -= alerts;
  bytes_ -= bytes;
}

// In the loop's next turn, so that all that came in this one share a call.
void AlertIntake::StartSoon() {
  if (!std::exchange(start_posted_, true)) {
    calls_.Run([this] {
      start_posted_ = false;
      StartCalls();
    });
  }
}

void AlertIntake::StartCalls() {
  RefuseLate();
  while (under_way_ < kCallsAtOnce && !waiting_.empty()) {
    StartCall();
  }
}

// What a submission has been answered already stays.
void AlertIntake::RefuseLate() {
  const absl::Duration oldest = clock_.Monotonic() - kAnswerWithin;
  std::erase_if(waiting_, [&](const SubmissionPtr& submission) {
    if (submission->came > oldest) {
      return false;
    }
    for (size_t i = submission->sent; i < submission->alerts.size(); ++i) {
      submission->outcomes[submission->alerts[i].place] =
          Unavailable("the hub did not take the alert in time");
    }
    Finish(*submission);
    return true;
  });
}

void AlertIntake::StartCall() {
  v1::SubmitAlertsRequest request;
  std::vector<Part> parts = TakeParts(request);
  ++under_way_;
  calls_.Call<v1::SubmitAlertsResponse>(
      kMethod, request, kAnswerWithin,
      [this, held = std::move(parts)](absl::StatusOr<v1::SubmitAlertsResponse> response) mutable {
        --under_way_;
        OnAnswer(std::move(held), response);
        StartSoon();
      });
}

// From the front of the queue, as much as one call holds: at least one alert, since none is larger
// than a call.
std::vector<AlertIntake::Part> AlertIntake::TakeParts(v1::SubmitAlertsRequest& request) {
  std::vector<Part> parts;
  size_t bytes = 0;
  const auto takes = [&](const v1::SubmitAlertRequest& alert) {
    bytes += alert.ByteSizeLong() + kTagBytes;
    return static_cast<size_t>(request.alerts_size()) < kAlertsPerCall && bytes <= kBytesPerCall;
  };
  for (bool full = false; !full && !waiting_.empty();) {
    Submission& next = *waiting_.front();
    const size_t begin = next.sent;
    while (!next.all_sent() && takes(next.alerts[next.sent].request)) {
      request.mutable_alerts()->Add(std::move(next.alerts[next.sent++].request));
    }
    full = !next.all_sent();
    if (next.sent > begin) {
      parts.push_back({std::move(waiting_.front()), begin, next.sent - begin});
      waiting_.pop_front();
    }
  }
  return parts;
}

// What one submission has left takes its turn behind the others.
void AlertIntake::OnAnswer(std::vector<Part> parts,
                           const absl::StatusOr<v1::SubmitAlertsResponse>& response) {
  size_t at = 0;  // in the call
  for (Part& part : parts) {
    Submission& submission = *part.submission;
    for (size_t i = 0; i < part.count; ++i, ++at) {
      const Submission::Alert& alert = submission.alerts[part.begin + i];
      Outcome& outcome = submission.outcomes[alert.place] = OutcomeAt(response, at);
      if (outcome.ok() && alert.never_duplicate) {
        outcome->set_duplicate(false);
      }
    }
    if (submission.all_sent()) {
      Finish(submission);
    } else {
      waiting_.push_back(std::move(part.submission));
    }
  }
}

void AlertIntake::Finish(Submission& submission) {
  Release(submission.alerts.size(), submission.bytes);
  http::Guarded("alert intake", [&] { submission.done(std::move(submission.outcomes)); });
}

absl::Status WithFieldBelow(const absl::Status& status, std::string_view path) {
  const ErrorCode code = ErrorCodeOf(status);
  if (code != ErrorCode::kInvalidMessage && code != ErrorCode::kMessageTooLarge) {
    return status;
  }
  ErrorDetails details = ErrorDetailsOf(status);
  if (!details.field.empty()) {
    return WithFieldNamed(status, JoinPath(path, details.field));
  }
  details.field = std::string(path);
  return MakeErrorAs(code, status.code(), absl::StrCat(ToAbsl(path), ": ", status.message()),
                     details);
}

}  // namespace tocsin::bridge
