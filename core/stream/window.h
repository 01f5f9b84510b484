// window.h: the recent end of the log in memory, the one queue between the writer and all readers.
//
// Shape:   the events after `base` up to `head`, bounded in count and bytes. The oldest are dropped
//          first, and base moves with them. They may be of several epochs: a restart of the hub
//          begins a new epoch and leaves a bridge's window as it is.
// Threads: safe; one leaf mutex. Appends come one at a time.
// Owns:    shares of the events. Readers get shares of their own.
// Errors:  a read from before base returns kBefore: the reader goes to the log (log_reader.h).
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
    bool open = false;    // readers may read
  };
  enum class Outcome { kRead, kBefore, kAhead };
  struct Slice {
    std::vector<EventPtr> events;
    Cursor to;  // everything up to here has been read
  };

  explicit Window(WindowBounds bounds) : bounds_(bounds) {}

  // Makes an empty window at a place. Called once. Readers may read from then on, or, where `open`
  // is false, after Open.
  void Start(Cursor base, bool open = true);
  void Open();
  // In order of sequence, all after head. `head` moves to the last one.
  void Append(std::span<const EventPtr> events);
  // Moves head forward over places without events. Where `head` names the present place in another
  // epoch, that epoch begins there, and the present place keeps its name.
  void Advance(Cursor head);
  // The log has a hole here: drops everything, and base and head become gap.to.
  void Reset(const Gap& gap);

  View view() const;
  // The place that lies so many events before head; base where fewer are held.
  Cursor Before(size_t events) const;
  // The gap of the last Reset.
  std::optional<Gap> last_gap() const;
  size_t bytes() const;
  size_t events() const;

  // Appends to slice.events the events after `after`, up to and including the place `up_to`, at
  // most so many events and about so many bytes (at least one event). kBefore: `after` is older
  // than base, or of an epoch that is not held. kAhead: it is newer than head.
  Outcome Read(const Cursor& after, const Cursor& up_to, size_t max_events, size_t max_bytes,
               Slice& slice) const;
  // True when `cursor` is a place from base to head. The place where one epoch ends and the next
  // begins is known by both names.
  bool Holds(const Cursor& cursor) const;

 private:
  // The places of one epoch. The next one's `from` is this one's `to`.
  struct Life {
    Epoch epoch;
    Sequence from;
    Sequence to;
  };
  // There is one for every restart of the hub since base. Past this number the oldest is dropped,
  // and its places are read from the log.
  static constexpr size_t kMaxLives = 1'024;

  // Notes the place of `cursor`, which is head's or after it.
  void Reach(const Cursor& cursor) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The cursor of a place that is held.
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
