// window.h: the recent end of the log, in memory: the one queue between whoever appends and all who
// read.
//
// Shape:   the events after `base` up to `head`, bounded in count and bytes; the oldest leave
//          first, and base follows them. They may be of several lives of the log: the hub's restart
//          begins a new epoch and leaves the window as it is.
// Threads: safe; one leaf mutex. Appends come one at a time.
// Owns:    shares of the events. Readers get shares of their own.
// Errors:  reading from before base answers kBefore: the reader goes to the log (log_reader.h).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "core/base/mutex.h"
#include "core/event/cursor.h"
#include "core/event/record.h"

namespace tocsin {

struct WindowBounds {
  size_t max_events;
  size_t max_bytes;
};

class Window {
 public:
  struct View {
    Cursor base;          // everything after it is held
    Cursor head;          // the place of the newest event
    uint64_t resets = 0;  // how often Reset was called
    bool open = false;    // false until Start, or Open
  };
  enum class Outcome { kRead, kBefore, kAhead };
  struct Slice {
    std::vector<EventPtr> events;
    Cursor to;  // everything up to here has been read
  };

  explicit Window(WindowBounds bounds) : bounds_(bounds) {}

  // An empty window at a place. Once. It is open to readers from then on, or from Open on.
  void Start(Cursor base, bool open = true);
  void Open();
  // In order of sequence, all after head. `head` moves to the last one.
  void Append(std::span<const EventPtr> events);
  // Moves head forward over places without events. The place of head itself, named in another
  // epoch, tells that this epoch begins there; head keeps its name.
  void Advance(Cursor head);
  // The log has a hole here: all that is held goes, base and head become gap.to.
  void Reset(const Gap& gap);

  View view() const;
  // The place so many events before head; base where fewer are held.
  Cursor Before(size_t events) const;
  // The gap of the last Reset.
  std::optional<Gap> last_gap() const;
  size_t bytes() const;
  size_t events() const;

  // Appends to slice.events what comes after `after`, not past the place `up_to`, at most so many
  // events and about so many bytes (at least one event). kBefore: `after` is older than base, or of
  // a life of the log that is not held. kAhead: newer than head.
  Outcome Read(const Cursor& after, const Cursor& up_to, size_t max_events, size_t max_bytes,
               Slice& slice) const;
  // True when `cursor` is a place between base and head. The place where one epoch ends and the next
  // begins is held under both names.
  bool Holds(const Cursor& cursor) const;

 private:
  // What is known of one life of the log: the epoch has places from `from` to `to`. The next
  // one's `from` is this one's `to`.
  struct Life {
    Epoch epoch;
    Sequence from;
    Sequence to;
  };
  // One for every restart of the hub since base. Past it the places of the oldest are read from the
  // log.
  static constexpr size_t kMaxLives = 1'024;

  // The place of `cursor` is known now, and is head's or after it.
  void Reach(const Cursor& cursor) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The name of a place that is held: that of the event before it.
  Cursor PlaceAt(Sequence sequence) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HoldsLocked(const Cursor& cursor) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Shrink() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DropOldest() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The index of the first event after `sequence`.
  size_t IndexAfter(Sequence sequence) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const WindowBounds bounds_;
  mutable Mutex mutex_;
  View view_ ABSL_GUARDED_BY(mutex_);
  std::optional<Gap> gap_ ABSL_GUARDED_BY(mutex_);
  std::deque<EventPtr> events_ ABSL_GUARDED_BY(mutex_);
  std::deque<Life> lives_ ABSL_GUARDED_BY(mutex_);  // oldest first; not empty once open
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace tocsin
