// event_json.h: an event as the bridge keeps it: rendered once, for every client.
//
// Shape:   the payload is the end of the `event` message, from the bracket that closes
//          `subscription_ids` on: ],"message_id":"…","timestamp":"…","sequence":7,"event":{…}}.
//          What comes before it differs by connection and is spliced in when a batch is written
//          (ws/session.h).
// Threads: pure.
// Errors:  DATA_LOSS for an event without a place in the log.
#pragma once

#include "absl/status/statusor.h"
#include "core/event/record.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::bridge {

// What the hub has matched for one client needs none.
enum class RecordFacts { kWith, kWithout };

std::string EventMessageTail(const v1::Event& event);
absl::StatusOr<EventPtr> MakeJsonRecord(const v1::Event& event,
                                        RecordFacts facts = RecordFacts::kWith);

}  // namespace tocsin::bridge
