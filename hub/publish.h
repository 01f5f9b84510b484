// publish.h: one publish, or one alert, on its way through the sequencer.
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

// The events have been through NormalizeEvent.
struct PublishRequestData {
  std::vector<v1::Event> events;
  // The events, all about one incident, are appended only if the newest known event about it has
  // this sequence.
  std::optional<Sequence> expected_incident_sequence;
};

using PublishOutcome =
    absl::StatusOr<std::vector<v1::PublishResult>>;  // one result an event, in order
using PublishDone = absl::AnyInvocable<void(PublishOutcome)>;

// The alert has been through NormalizeAlert.
struct AlertRequestData {
  v1::Alert alert = {};
  AlertReport report = AlertReport::kAlert;
  FieldPath path = "alert";  // where it was in its request, for errors
};

struct AlertAnswer {
  v1::SubmitAlertResponse response = {};
  size_t events = 0;      // that were appended
  bool resolved = false;  // the incident, too
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

// Waiting, and then being committed: events, or an alert, from which events are made when its turn
// comes.
struct PendingPublish {
  PublishRequestData request;
  std::vector<Content> contents;  // one an event
  size_t bytes = 0;
  PublishDone done;
  PublishOutcome outcome;

  std::unique_ptr<PendingAlert> alert;

  // As queue and groups count it.
  size_t events() const { return alert == nullptr ? request.events.size() : kAlertEvents; }
  bool ok() const { return alert == nullptr ? outcome.ok() : alert->outcome.ok(); }
  void Fail(const absl::Status& status) {
    alert == nullptr ? void(outcome = status) : void(alert->outcome = status);
  }
  void Answer() {
    alert == nullptr ? done(std::move(outcome)) : alert->done(std::move(alert->outcome));
  }

  static constexpr size_t kAlertEvents = 2;  // that an alert nearly always makes
};

}  // namespace tocsin::hub
