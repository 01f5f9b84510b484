// record.h: an event as the engine moves it: what to match, and the bytes to send.
//
// Shape:   made once when the event is appended (hub) or arrives (bridge), shared by all who are
//          sent it.
// Threads: immutable.
#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "core/event/cursor.h"
#include "core/event/facts.h"

namespace tocsin {

struct EventRecord {
  Cursor cursor;
  absl::Time time;   // when the hub accepted it
  EventFacts facts;  // none where the event was matched before it was made (LogSlice)
  // What the sink sends, encoded once. Hub: the event as SubscribeResponse.events on the wire (tag,
  // length, bytes). Bridge: the part of the JSON message that is the same for every client.
  std::string payload;

  size_t bytes() const { return sizeof(*this) + facts.bytes() + payload.capacity(); }
};

using EventPtr = std::shared_ptr<const EventRecord>;

}  // namespace tocsin
