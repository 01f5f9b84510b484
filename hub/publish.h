// publish.h: one publish on its way through the sequencer.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "core/event/cursor.h"
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

// Waiting, and then being committed.
struct PendingPublish {
  PublishRequestData request;
  std::vector<Content> contents;  // one an event
  size_t bytes = 0;
  PublishDone done;
  PublishOutcome outcome;
};

}  // namespace tocsin::hub
