// next_frames.h: the frames that were made for the last writes of nothing but events.
//
// Shape:   clients that follow the same things are given the same events one after another. Frames
//          made for an id serve every other id that is as long, which is written over it in place.
//          Ids of other lengths, and other forms, have frames of their own: a few are kept.
// Threads: a worker's.
// Source:  docs/adr/0025-one-websocket-layer.md
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "bridge/graphql_ws/event_tails.h"
#include "bridge/rendered_batch.h"
#include "core/stream/sink.h"

namespace tocsin::bridge::graphql_ws {

class NextFrames {
 public:
  // Forms and lengths of id that are told the same run in turn.
  static constexpr size_t kKept = 4;

  struct Frames {
    std::string_view bytes;  // good until the next call
    size_t count = 0;
  };

  explicit NextFrames(EventTails& tails) : tails_(tails) {}

  // `view` is a run (WriteView::run is not 0), for the operation of that id.
  Frames Of(const WriteView& view, const Form& form, std::string_view quoted_id);
  // The bytes have been handed over: what is too much to keep is given back.
  void Release();

 private:
  struct Kept {
    uint64_t run = 0;  // 0: nothing
    uint64_t form = 0;
    size_t id_bytes = 0;
    size_t count = 0;
    std::string bytes;
  };

  Kept& PlaceFor(const WriteView& view, const Form& form, size_t id_bytes);
  void Make(Kept& kept, const WriteView& view, const Form& form, std::string_view quoted_id);

  EventTails& tails_;
  std::array<Kept, kKept> kept_;
  size_t next_ = 0;  // whose place the next new one takes
};

}  // namespace tocsin::bridge::graphql_ws
