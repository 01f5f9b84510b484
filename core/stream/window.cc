#include "core/stream/window.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace tocsin {

void Window::Start(Cursor base) {
  MutexLock lock(mutex_);
  TOCSIN_CHECK(!view_.open);
  view_.base = view_.head = base;
  view_.open = true;
}

void Window::Append(std::span<const EventPtr> events) {
  MutexLock lock(mutex_);
  for (const EventPtr& event : events) {
    TOCSIN_CHECK(event->cursor.sequence > view_.head.sequence);
    bytes_ += event->bytes();
    view_.head = event->cursor;
    events_.push_back(event);
  }
  Shrink();
}

void Window::Advance(Cursor head) {
  MutexLock lock(mutex_);
  const bool later = head.sequence > view_.head.sequence;
  const bool renamed = head.sequence == view_.head.sequence && head.epoch != view_.head.epoch;
  if (later || renamed) {
    view_.head = head;
  }
}

void Window::Reset(const Gap& gap) {
  MutexLock lock(mutex_);
  events_.clear();
  bytes_ = 0;
  view_.base = view_.head = gap.to;
  ++view_.resets;
  gap_ = gap;
}

Window::View Window::view() const {
  MutexLock lock(mutex_);
  return view_;
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
  if (!HoldsLocked(after)) {
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
    slice.to = up_to.sequence < view_.head.sequence ? up_to : view_.head;
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
  const size_t next = IndexAfter(cursor.sequence);
  const Cursor& place = next == 0 ? view_.base : events_[next - 1]->cursor;
  return cursor.epoch == place.epoch || cursor == view_.head;
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
    view_.base = events_.front()->cursor;
    bytes_ -= events_.front()->bytes();
    events_.pop_front();
  }
}

}  // namespace tocsin
