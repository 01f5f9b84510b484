// log_reader.h: how the engine reads what the window no longer holds.
//
// Shape:   a CatchUp is opened at a start point and asked for one slice at a time. The hub's reads
//          the store, the bridge's reads a stream from the hub.
// Threads: Open and Next are called on the shard's thread. The answer to a Next is delivered on
//          that thread too (through Shard::Post), once, never from inside Next, and never after the
//          CatchUp was destroyed.
// Owns:    the shard owns the CatchUp, and destroying it cancels what is outstanding. A shard has
//          at most ShardOptions::log_readings of them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "core/event/cursor.h"
#include "core/event/filter.h"
#include "core/event/record.h"

namespace tocsin {

class Shard;

struct LogSlice {
  // Where the slice begins: for the first slice the start point as the log understands it (after
  // the gap, if any).
  Cursor from;
  // What is missing, ending at `from`. It comes before the events.
  std::optional<Gap> gap;
  // In order, after `from`: all events of the range that concern the filter (its verdict is not
  // kNone), and no other. Where there is a filter that tells no leaves, the records may be without
  // facts.
  std::vector<EventPtr> events;
  // Everything up to here has been read; never before the last event.
  Cursor to;
  // Not ok: the start point is refused, or the log cannot be read. The other fields have no meaning
  // then, and no other slice comes. A start past the log's end is CURSOR_EXPIRED.
  absl::Status status;
  // Set with an error or a gap: what the log holds.
  Cursor earliest;
  Cursor latest;
};

class CatchUp {
 public:
  virtual ~CatchUp() = default;
  // At most one call is outstanding. The answer has events, progress, a gap or an error. Where the
  // log has nothing more yet, the answer may wait for it.
  virtual void Next(size_t max_events, size_t max_bytes) = 0;
};

class LogReader {
 public:
  using Deliver = std::function<void(LogSlice)>;
  virtual ~LogReader() = default;
  // Without a filter (nullptr) every event comes, with its facts, and the shard matches them.
  virtual std::unique_ptr<CatchUp> Open(Shard& shard, const StartPoint& start, FilterPtr filter,
                                        Deliver deliver) = 0;
};

}  // namespace tocsin
