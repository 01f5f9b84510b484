// event_tails.h: the tails of the `next` messages of the latest events, each rendered once for all
// operations of one worker that tell the same.
//
// Shape:   by event and form. What clients are sent beside a tail is the head with their own id.
//          A compressed tail follows a head that is not compressed (AppendNext). The last kKeptTails
//          are kept, and at most kKeptBytes.
// Threads: a worker's.
// Owns:    the tails.
// Errors:  in the place of an event that is damaged stands a gap.
// Source:  docs/adr/0025-one-websocket-layer.md; RFC 1951, section 3.2.4 (stored blocks)
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "bridge/graphql/event_messages.h"
#include "bridge/graphql_ws/form_table.h"
#include "bridge/ws/deflate.h"
#include "bridge/ws/frames.h"
#include "core/event/limits.h"
#include "core/stream/sink.h"

namespace tocsin::bridge::graphql_ws {

class EventTails {
 public:
  static constexpr size_t kKeptTails = 1'024;
  static constexpr size_t kKeptBytes = 4 * limits::kMiB;

  struct Tail {
    std::string bytes;  // empty: the operation tells nothing of this event
    ws::Deflated deflated = ws::Deflated::kNo;
  };

  // `deflater`: null where the tails are not compressed. Messages and deflater outlive this.
  EventTails(graphql::EventMessages& messages, ws::Deflater* deflater)
      : messages_(messages), deflater_(deflater) {}

  // Of a kEvent, a kLeft or a kLeftUnseen. Good until the next call.
  const Tail& Of(const Form& form, const Item& item);

  // How many tails have been rendered.
  uint64_t made() const { return made_; }
  size_t kept_bytes() const { return bytes_; }

 private:
  struct Kept {
    uint64_t form = 0;  // 0: nothing
    Item::Kind kind = Item::Kind::kEvent;
    Cursor cursor;
    Tail tail;
  };

  void Make(Kept& kept, const Form& form, const Item& item);
  void Render(std::string& out, const Form& form, const Item& item);
  void Deflate(Tail& tail);
  void Forget();

  graphql::EventMessages& messages_;
  ws::Deflater* const deflater_;
  std::string deflated_;
  std::array<Kept, kKeptTails> kept_;  // by form and sequence
  size_t bytes_ = 0;
  uint64_t made_ = 0;
};

// Appends the frame of a `next`: the operation's id, as JSON, and a tail.
void AppendNext(std::string& out, std::string_view quoted_id, std::string_view tail,
                ws::Deflated deflated = ws::Deflated::kNo);
// Puts another id in the place of the one in each frame that AppendNext wrote for an id as long.
void OverwriteIds(std::string& frames, std::string_view quoted_id);

}  // namespace tocsin::bridge::graphql_ws
