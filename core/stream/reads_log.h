// reads_log.h: whether a subscription that begins there reads the log first.
//
// Threads: safe.
// Bounds:  a guess for limits: the window may move before the subscription begins.
#pragma once

#include <optional>
#include <variant>

#include "core/event/cursor.h"
#include "core/stream/window.h"

namespace tocsin {

inline bool ReadsLog(const Window& window, const std::optional<StartPoint>& start) {
  if (!start.has_value() || std::holds_alternative<Latest>(*start)) {
    return false;
  }
  const Cursor* const cursor = std::get_if<Cursor>(&*start);
  return cursor == nullptr || !window.Holds(*cursor);
}

}  // namespace tocsin
