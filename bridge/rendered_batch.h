// rendered_batch.h: what was rendered for the last write of nothing but events.
//
// Shape:   clients that follow the same things are given the same events one after another: what was
//          rendered for the first serves the others.
// Threads: a worker's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/event/limits.h"
#include "core/stream/sink.h"

namespace tocsin::bridge {

class RenderedBatch {
 public:
  // What a batch may keep between writes; more is given back.
  static constexpr size_t kKeptBytes = 4 * limits::kWriteBytes;

  // The bytes of `view`, by `render(out)` where they are not at hand. `form` tells apart what the
  // same events are rendered to; it may be anything where view.run is 0. Good until Release.
  template <class Render>
  std::string_view Of(const WriteView& view, std::string_view form, Render render) {
    if (view.run == 0 || view.run != run_ || form != form_) {
      bytes_.clear();
      run_ = 0;  // nobody's, should what follows throw
      render(bytes_);
      run_ = view.run;
      form_ = form;
    }
    return bytes_;
  }
  // The bytes have been handed over.
  void Release() {
    if (bytes_.capacity() > kKeptBytes) {
      std::string().swap(bytes_);
      run_ = 0;
    }
  }

 private:
  uint64_t run_ = 0;  // of the engine's; 0: nothing that can serve again
  std::string form_;
  std::string bytes_;  // also of a batch that cannot serve again, while it is written
};

}  // namespace tocsin::bridge
