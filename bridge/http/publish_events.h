// publish_events.h: POST /v1/events: one event or several, published together or not at all.
//
// Shape:   JSON of docs/protocol.md, section 1, an event or an array of them; or CloudEvents
//          (bridge/rest/cloud_event). Read and validated here, so that errors name the field as the
//          client wrote it; then one Publish. An event without an id gets one before the first try,
//          so that a try whose answer is lost is not published twice: a new one, or one derived
//          from the request's Idempotency-Key and the event's place.
// Threads: on the worker only the headers are looked at; the rest is done by HubCalls' thread.
// Errors:  FORBIDDEN where the caller may not publish one of the types; the rest of the table's:
//          INVALID_MESSAGE with the field (`events[3].severity`; of a single event
//          `event.severity`), CONFLICT, SERVICE_UNAVAILABLE when the hub is not reached in time.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/upstream/hub_calls.h"
#include "core/http/route_table.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::bridge {

// Well under the time that a handler has, so that the hub's answer or its absence is told.
inline constexpr absl::Duration kPublishTimeout = absl::Seconds(10);

http::Handler PublishEvents(HubCalls& calls, absl::Duration timeout = kPublishTimeout);

// For tests: the body as a request to the hub.
struct PublishBody {
  v1::PublishRequest request;
  std::vector<bool> own_id;  // no one else can have sent the event's id
  bool single = false;       // no array
};
absl::StatusOr<PublishBody> ReadPublishBody(std::string_view json,
                                            const std::optional<std::string>& key = {});

}  // namespace tocsin::bridge
