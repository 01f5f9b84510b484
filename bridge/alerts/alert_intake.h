// alert_intake.h: the bridge's way to the hub for alerts, whatever format they came in.
//
// Shape:   alerts that arrive while calls are under way wait and share the next SubmitAlerts call:
//          at most kCallsAtOnce calls, each of at most kAlertsPerCall alerts and kBytesPerCall. A
//          submission of more is sent in parts, one after the other, and takes turns with the
//          others. An alert without an id is given one before the first try, so that a try whose
//          answer is lost is not a second alert.
// Threads: Submit from any. `done` is called once, on the thread of HubCalls, or inside Submit
//          where nothing is left to ask the hub.
// Owns:    what waits and what is under way, at most kMaxAlerts and kMaxBytes. Destroyed after its
//          HubCalls; what is not answered then is dropped.
// Errors:  an outcome is its alert's own. An error names the field within the alert ("title"), in
//          its message too: see WithFieldBelow for a caller's own path. Past the bounds, and when
//          the hub does not take it in time: SERVICE_UNAVAILABLE with retry_after.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/upstream/hub_calls.h"
#include "core/base/clock.h"
#include "core/event/limits.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::bridge {

class AlertIntake {
 public:
  using Outcome = absl::StatusOr<v1::SubmitAlertResponse>;
  using Done = absl::AnyInvocable<void(std::vector<Outcome>)>;

  // Ten of the longest lists that a sender may post, and four of the largest bodies.
  static constexpr size_t kMaxAlerts = 100'000;
  static constexpr size_t kMaxBytes = 64 * limits::kMiB;
  // The hub commits them in groups: a few calls keep it busy, and more would only be smaller.
  static constexpr size_t kCallsAtOnce = 4;
  static constexpr size_t kAlertsPerCall = limits::kPublishEvents;
  static constexpr size_t kBytesPerCall = limits::kPublishBytes;
  // How long an alert waits for its turn, and then for the hub's answer. Both together are well
  // under the time that a handler has.
  static constexpr absl::Duration kAnswerWithin = absl::Seconds(10);

  explicit AlertIntake(HubCalls& calls, Clock& clock = Clock::Real());
  ~AlertIntake();

  // The outcomes are in the order of the alerts.
  void Submit(std::vector<v1::SubmitAlertRequest> alerts, Done done);

 private:
  struct Submission;
  struct Part;
  using SubmissionPtr = std::unique_ptr<Submission>;

  bool Admit(size_t alerts, size_t bytes);
  void Release(size_t alerts, size_t bytes);
  void StartSoon();
  void StartCalls();
  void RefuseLate();
  void StartCall();
  std::vector<Part> TakeParts(v1::SubmitAlertsRequest& request);
  void OnAnswer(std::vector<Part> parts, const absl::StatusOr<v1::SubmitAlertsResponse>& response);
  void Finish(Submission& submission);

  HubCalls& calls_;
  Clock& clock_;
  std::atomic<size_t> alerts_{0};
  std::atomic<size_t> bytes_{0};

  // Of HubCalls' thread.
  std::deque<SubmissionPtr> waiting_;
  size_t under_way_ = 0;  // calls
  bool start_posted_ = false;
};

// The same error for a caller who has the alert at `path`: of "title" it makes "alerts[3].title",
// and an error of the alert as a whole then names the path. An error that is not about what the
// alert says (SERVICE_UNAVAILABLE, …) is left as it is.
absl::Status WithFieldBelow(const absl::Status& status, std::string_view path);

}  // namespace tocsin::bridge
