// slice_reader.h: reads a log in slices, and says what it cannot give.
//
// Shape:   a reading is a place that moves. Each slice begins where the last one ended; what
//          retention took meanwhile and what cannot be read is a gap at the slice's beginning, and
//          the events after it follow.
// Threads: Read on one thread at a time for a reading; the log and window are safe.
// Errors:  in LogSlice::status; after one the reading is over.
#pragma once

#include "core/base/clock.h"
#include "core/event/cursor.h"
#include "core/event/filter.h"
#include "core/stream/log_reader.h"
#include "core/stream/window.h"
#include "hub/log/log.h"
#include "hub/start_resolver.h"

namespace tocsin::hub {

// The place after which the log can be read again, given that the event after `place` cannot be:
// the first such place within 4,096 events; past that, steps double and damage is taken to be in
// one piece.
absl::StatusOr<Sequence> NextReadable(const Log& log, Sequence place);

class SliceReader {
 public:
  struct Reading {
    StartPoint start;
    FilterPtr filter;  // nullptr: every event, with facts
    bool begun = false;
    Cursor place;
  };

  // Events after the window's head are never given, since others cannot see them yet.
  SliceReader(const Log& log, const Window& window, Clock& clock = Clock::Real())
      : log_(log), window_(window), clock_(clock) {}

  // Reads the next slice. At the log's end it has no events, and its `to` is that end.
  LogSlice Read(Reading& reading, size_t max_events, size_t max_bytes) const;

 private:
  Cursor End(const LogExtent& extent) const;
  absl::StatusOr<ResolvedStart> Resolve(const StartPoint& start, LogExtent extent,
                                        LogSlice& slice) const;
  absl::Status Begin(Reading& reading, const LogExtent& extent, LogSlice& slice) const;
  absl::StatusOr<LogMatches> ReadFrom(const Reading& reading, size_t max_events,
                                      size_t max_bytes) const;
  // Returns the sequence up to which it has looked.
  absl::StatusOr<Sequence> Fill(Reading& reading, size_t max_events, size_t max_bytes,
                                LogSlice& slice) const;
  void Finish(Reading& reading, Sequence looked_at, const Cursor& end, LogSlice& slice) const;

  const Log& log_;
  const Window& window_;
  Clock& clock_;
};

}  // namespace tocsin::hub
