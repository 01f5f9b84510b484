#include "core/stream/window.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/base/planted.h"

namespace tocsin {

void Window::Start(Cursor base, bool open) {
  MutexLock lock(mutex_);
  TOCSIN_CHECK(lives_.empty());
  view_.base = view_.head = base;
  lives_.push_back({base.epoch, base.sequence, base.sequence});
  view_.open = open;
}

void Window::Open() {
  MutexLock lock(mutex_);
  view_.open = true;
}

void Window::Append(std::span<const EventPtr> events) {
  MutexLock lock(mutex_);
  for (const EventPtr& event : events) {
    TOCSIN_CHECK(event->cursor.sequence > view_.head.sequence);
    bytes_ += event->bytes();
    Reach(event->cursor);
    events_.push_back(event);
  }
  Shrink();
}

void Window::Advance(Cursor head) {
  MutexLock lock(mutex_);
  if (head.sequence >= view_.head.sequence) {
    Reach(head);
  }
}

void Window::Reach(const Cursor& cursor) {
  if (cursor.epoch != lives_.back().epoch) {
    lives_.push_back({cursor.epoch, view_.head.sequence, cursor.sequence});
    if (lives_.size() > kMaxLives) {
      lives_.pop_front();
    }
  }
  lives_.back().to = cursor.sequence;
  view_.head = PlaceAt(cursor.sequence);
}

void Window::Reset(const Gap& gap) {
  MutexLock lock(mutex_);
  events_.clear();
  bytes_ = 0;
  view_.base = view_.head = gap.to;
  lives_ = {{gap.to.epoch, gap.to.sequence, gap.to.sequence}};
  ++view_.resets;
  gap_ = gap;
}

Window::View Window::view() const {
  MutexLock lock(mutex_);
  return view_;
}

Cursor Window::Before(size_t events) const {
  MutexLock lock(mutex_);
  return events >= events_.size() ? view_.base
                                  : PlaceAt(events_[events_.size() - events - 1]->cursor.sequence);
}

std::optional<Gap> Window::last_gap() const {
  MutexLock lock(mutex_);
  return gap_;
}

size_t Window::bytes() const {
  MutexLock lock(mutex_);
  return bytes_;
}

size_t Window::events() const {
  MutexLock lock(mutex_);
  return events_.size();
}

Window::Outcome Window::Read(const Cursor& after, const Cursor& up_to, size_t max_events,
                             size_t max_bytes, Slice& slice) const {
  MutexLock lock(mutex_);
  if (after.sequence > view_.head.sequence) {
    return Outcome::kAhead;
  }
  if (!HoldsLocked(after) && !Planted("window-skips-evicted")) {
    return Outcome::kBefore;
  }
  size_t index = IndexAfter(after.sequence);
  size_t bytes = 0;
  const size_t first = index;
  const auto in_range = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return index < events_.size() && events_[index]->cursor.sequence <= up_to.sequence;
  };
  while (in_range() && index - first < max_events &&
         (index == first || bytes + events_[index]->payload.size() <= max_bytes)) {
    bytes += events_[index]->payload.size();
    slice.events.push_back(events_[index++]);
  }
  if (in_range()) {
    slice.to = events_[index - 1]->cursor;
  } else {
    slice.to = PlaceAt(std::min(up_to.sequence, view_.head.sequence));
  }
  return Outcome::kRead;
}

bool Window::Holds(const Cursor& cursor) const {
  MutexLock lock(mutex_);
  return view_.open && HoldsLocked(cursor);
}

bool Window::HoldsLocked(const Cursor& cursor) const {
  if (cursor.sequence < view_.base.sequence || cursor.sequence > view_.head.sequence) {
    return false;
  }
  return std::any_of(lives_.rbegin(), lives_.rend(), [&](const Life& life) {
    return life.epoch == cursor.epoch && life.from <= cursor.sequence && cursor.sequence <= life.to;
  });
}

Cursor Window::PlaceAt(Sequence sequence) const {
  const auto life =
      std::lower_bound(lives_.begin(), lives_.end(), sequence,
                       [](const Life& each, Sequence place) { return each.to < place; });
  return {life->epoch, sequence};
}

size_t Window::IndexAfter(Sequence sequence) const {
  const auto found = std::upper_bound(
      events_.begin(), events_.end(), sequence,
      [](Sequence s, const EventPtr& event) { return s < event->cursor.sequence; });
  return static_cast<size_t>(found - events_.begin());
}

void Window::Shrink() {
  while (events_.size() > bounds_.max_events ||
         (bytes_ > bounds_.max_bytes && events_.size() > 1)) {
    DropOldest();
  }
  while (lives_.front().to < view_.base.sequence) {
    lives_.pop_front();
  }
}

void Window::DropOldest() {
  view_.base = events_.front()->cursor;
  bytes_ -= events_.front()->bytes();
  events_.pop_front();
}

}  // namespace tocsin
