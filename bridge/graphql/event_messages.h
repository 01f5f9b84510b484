// event_messages.h: the events that were told last as messages, each parsed once for all the
// operations that one worker tells of it.
//
// Shape:   a thousand subscriptions with a thousand selections render from one message. Kept are
//          the last kKeptEvents, which is more than one pass of the engine hands out, and no more
//          than kKeptBytes of them as they are encoded; as messages they take some three times that.
// Threads: a worker's.
// Owns:    the messages.
// Errors:  an event whose bytes are damaged has no message.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/event/limits.h"
#include "core/event/record.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::bridge::graphql {

class EventMessages {
 public:
  static constexpr size_t kKeptEvents = 1'024;
  static constexpr size_t kKeptBytes = 2 * limits::kMiB;

  // Null when the event is damaged. Good until the next call.
  const v1::Event* Of(const EventRecord& event);

  // How many events have been parsed.
  uint64_t made() const { return made_; }
  size_t kept_bytes() const { return bytes_; }

 private:
  struct Kept {
    Cursor cursor;     // epoch 0: nothing
    size_t bytes = 0;  // encoded
    v1::Event event;
  };

  bool Make(Kept& kept, const EventRecord& event);
  void Forget();

  std::array<Kept, kKeptEvents> kept_;  // by sequence
  size_t bytes_ = 0;
  uint64_t made_ = 0;
};

}  // namespace tocsin::bridge::graphql
