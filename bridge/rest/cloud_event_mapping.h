// cloud_event_mapping.h: what a CloudEvent is as an event of Tocsin's.
//
// Shape:   a `type` of Tocsin's ("incident_created" or "tocsin.v1.incident_created") has the
//          event's fields as its data. Any other is a system_event: `category` is the type,
//          `message` the subject or else the type, and `metadata` has every attribute, and the data
//          as a text, so that nothing is lost. `source` and `id` together name the event: its id is
//          derived from them. Without an `actor` the actor is the source; a traceparent is the
//          event's.
// Threads: pure.
// Errors:  INVALID_MESSAGE with the field's path: `event.data.incident.severity`.
#pragma once

#include "absl/status/statusor.h"
#include "bridge/rest/cloud_event.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::bridge {

absl::StatusOr<v1::Event> EventOf(const CloudEvent& cloud_event);

}  // namespace tocsin::bridge
