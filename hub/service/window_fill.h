// window_fill.h: opens the window with the newest events of the log, so that a restart costs the
// subscribers no reads of the store.
//
// Threads: before the sequencer and the shards run.
// Errors:  damage among the newest events is logged; the window then begins after it, and the log
//          tells who asks.
#pragma once

#include "core/stream/window.h"
#include "hub/log/log.h"

namespace tocsin::hub {

void FillWindow(const Log& log, const WindowBounds& bounds, Window& window);

}  // namespace tocsin::hub
