#include "core/stream/sweep.h"

#include <algorithm>
#include <utility>

namespace tocsin {
namespace {

constexpr absl::Duration kLongest = absl::Seconds(1);
constexpr absl::Duration kShortest = absl::Milliseconds(25);

// How often to look, for one subscriber's sake.
absl::Duration IntervalFor(const Subscriber& subscriber) {
  const absl::Duration wanted = subscriber.bookmark_interval;
  return wanted == absl::ZeroDuration() ? kLongest : std::clamp(wanted / 4, kShortest, kLongest);
}

}  // namespace

void Sweep::Added(const Subscriber& subscriber) {
  interval_ = std::min(interval_, IntervalFor(subscriber));
  due_ = std::min(due_, writer_.now() + interval_);
}

void Sweep::Run() {
  absl::Duration interval = kLongest;
  for (SubscriberId id : subscribers_.Ids()) {
    if (Subscriber* subscriber = subscribers_.Find(id)) {
      interval = std::min(interval, IntervalFor(*subscriber));
      Look(*subscriber);
    }
  }
  interval_ = interval;  // of those that are there now
  due_ = writer_.now() + interval_;
  writer_.FlushTouched();
}

void Sweep::Look(Subscriber& subscriber) {
  if (subscriber.closed) {
    return;
  }
  if (subscriber.outbox.writing) {
    if (writer_.IsStuck(subscriber)) {
      CloseStuck(subscriber);
    }
    return;
  }
  if (subscriber.outbox.pending() > 0) {
    return;
  }
  subscriber.outbox.Release();  // idle: gives back what a burst has grown
  const bool wants =
      subscriber.bookmark_interval > absl::ZeroDuration() &&
      writer_.now() - subscriber.last_cursor + interval_ > subscriber.bookmark_interval;
  if (wants && SafePlace(subscriber).epoch != 0) {
    Bookmark(subscriber, {});
  }
}

void Sweep::CloseStuck(Subscriber& subscriber) {
  subscriber.closed = true;
  while (!subscriber.subscriptions.empty()) {
    cohorts_.Erase(*subscriber.subscriptions.back());
  }
  stats_.stuck.fetch_add(1, std::memory_order_relaxed);
  subscriber.sink->Stuck();  // may Remove it
}

void Sweep::Bookmark(Subscriber& subscriber, BookmarkNote note) {
  notices_.Bookmark(subscriber, SafePlace(subscriber), std::move(note));
}

Cursor Sweep::SafePlace(const Subscriber& subscriber) const {
  Cursor safe = cohorts_.position();
  for (const auto& subscription : subscriber.subscriptions) {
    if (subscription->cohort != nullptr && subscription->cohort->live()) {
      continue;
    }
    // A gap that has yet to be told may follow: a new one may begin with it, and one that read on
    // meanwhile may stand among events that the hub has lost since.
    const Cursor place = cohorts_.PlaceOf(*subscription);
    const bool gap_may_follow =
        subscription->announced
            ? place.sequence > cohorts_.position().sequence && !window_.Holds(place)
            : place.epoch != cohorts_.position().epoch;
    if (place.epoch == 0 || gap_may_follow) {
      return Cursor{};
    }
    if (place.sequence < safe.sequence) {
      safe = place;
    }
  }
  return safe;
}

}  // namespace tocsin
