// publish.h: one publish, or one alert, on its way through the sequencer.
//
// Shape:   what a caller asks for, what it is answered, and both together while they wait.
// Threads: values; passed from the caller's thread to the sequencer's.
// Errors:  in the outcomes; `done` gets one exactly once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "core/event/cursor.h"
#include "core/event/field_path.h"
#include "hub/alert_rules.h"
#include "hub/content_hash.h"
#include "tocsin/v1/event.pb.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::hub {

// A request to publish events. NormalizeEvent has checked them.
struct PublishRequestData {
  std::vector<v1::Event> events;
  // The events, all about one incident, are appended only if the newest known event about it has
  // this sequence.
  std::optional<Sequence> expected_incident_sequence;
};

using PublishOutcome =
    absl::StatusOr<std::vector<v1::PublishResult>>;  // one result an event, in order
using PublishDone = absl::AnyInvocable<void(PublishOutcome)>;

// A request to submit one alert. NormalizeAlert has checked it.
struct AlertRequestData {
  v1::Alert alert = {};
  AlertReport report = AlertReport::kAlert;
  FieldPath path = "alert";  // where it was in its request, for errors
};

struct AlertAnswer {
  v1::SubmitAlertResponse response = {};
  size_t events = 0;      // how many events were appended for it
  bool resolved = false;  // whether its incident was resolved by it
};

using AlertOutcome = absl::StatusOr<AlertAnswer>;
using AlertDone = absl::AnyInvocable<void(AlertOutcome)>;

struct AlertSubmission {
  AlertRequestData request;
  AlertDone done;
};

struct PendingAlert {
  AlertRequestData request;
  Content content;
  AlertDone done;
  AlertOutcome outcome = AlertAnswer();
};

// An entry of the publish queue: either events, or an alert, from which the sequencer makes events
// when its turn comes.
struct PendingPublish {
  PublishRequestData request;
  std::vector<Content> contents;  // one an event
  size_t bytes = 0;
  PublishDone done;
  PublishOutcome outcome;

  std::unique_ptr<PendingAlert> alert;

  // How many events it counts as, against the bounds of the queue and of a group.
  size_t events() const { return alert == nullptr ? request.events.size() : kAlertEvents; }
  bool ok() const { return alert == nullptr ? outcome.ok() : alert->outcome.ok(); }
  void Fail(const absl::Status& status) {
    alert == nullptr ? void(outcome = status) : void(alert->outcome = status);
  }
  void Answer() {
    alert == nullptr ? done(std::move(outcome)) : alert->done(std::move(alert->outcome));
  }

  static constexpr size_t kAlertEvents = 2;  // an alert nearly always makes two events
};

}  // namespace tocsin::hub
