#include "core/stream/window.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/event/filter_hull.h"

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

void Window::Cover(FilterPtr intake) {
  MutexLock lock(mutex_);
  if (!stretches_.empty() && stretches_.back().after == view_.head.sequence) {
    stretches_.pop_back();  // nothing came through it
  }
  stretches_.push_back({view_.head.sequence, std::move(intake)});
  if (stretches_.size() > kMaxStretches) {
    DropThrough(stretches_[1].after);
  }
  Shrink();
}

void Window::Reset(const Gap& gap) {
  MutexLock lock(mutex_);
  events_.clear();
  if (!stretches_.empty()) {
    stretches_.erase(stretches_.begin(), stretches_.end() - 1);
    stretches_.front().after = gap.to.sequence;
  }
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
                             size_t max_bytes, Slice& slice, const Filter* filter) const {
  MutexLock lock(mutex_);
  if (after.sequence > view_.head.sequence) {
    return Outcome::kAhead;
  }
  if (!HoldsLocked(after) || !CoversLocked(after.sequence, filter)) {
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

bool Window::Holds(const Cursor& cursor, const Filter* filter) const {
  MutexLock lock(mutex_);
  return view_.open && HoldsLocked(cursor) && CoversLocked(cursor.sequence, filter);
}

bool Window::CoversLocked(Sequence after, const Filter* filter) const {
  if (filter == nullptr) {
    return true;
  }
  for (size_t i = 0; i < stretches_.size(); ++i) {
    const bool before = i + 1 < stretches_.size() && stretches_[i + 1].after <= after;
    if (!before && !Covers(*stretches_[i].intake, *filter)) {
      return false;
    }
  }
  return true;
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
  while (stretches_.size() > 1 && stretches_[1].after <= view_.base.sequence) {
    stretches_.pop_front();
  }
}

void Window::DropThrough(Sequence sequence) {
  while (!events_.empty() && events_.front()->cursor.sequence <= sequence) {
    view_.base = events_.front()->cursor;
    bytes_ -= events_.front()->bytes();
    events_.pop_front();
  }
  view_.base.sequence = std::max(view_.base.sequence, sequence);
}

}  // namespace tocsin
