// record.h: an event as the engine moves it, in hub and bridge alike: its bytes, and what filters
// look at.
//
// Shape:   made once when the event is appended (hub) or arrives (bridge), shared by all who are
//          sent it. Every other form of an event (JSON, a server-sent event, a compressed frame) is
//          rendered from the bytes by whoever sends it, when it is first wanted.
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
  absl::Time time;      // when the hub accepted it
  bool urgent = false;  // of priority Critical or High
  EventFacts facts;     // none where the event was matched before it was made (LogSlice)
  // The event as SubscribeResponse.events on the wire: tag, length, bytes (wire.h).
  std::string payload;

  size_t bytes() const { return sizeof(*this) + facts.bytes() + payload.capacity(); }
};

inline bool IsUrgent(v1::Priority priority) {
  return priority == v1::PRIORITY_CRITICAL || priority == v1::PRIORITY_HIGH;
}

using EventPtr = std::shared_ptr<const EventRecord>;

}  // namespace tocsin
