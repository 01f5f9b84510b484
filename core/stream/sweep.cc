#include "core/stream/sweep.h"

#include <algorithm>
#include <utility>

#include "core/base/planted.h"

namespace tocsin {
namespace {

constexpr absl::Duration kLongest = absl::Seconds(1);
constexpr absl::Duration kShortest = absl::Milliseconds(25);

// How often this one subscriber needs the sweep to run.
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
  interval_ = interval;  // recomputed, since the one that wanted it short may have gone
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
  subscriber.outbox.Release();  // it is idle: what a burst has grown is given back
  const bool wants =
      subscriber.bookmark_interval > absl::ZeroDuration() &&
      writer_.now() - subscriber.last_cursor + interval_ > subscriber.bookmark_interval;
  if (wants && SafePlace(subscriber).ordinary.epoch != 0) {
    Bookmark(subscriber, {});
  }
}

void Sweep::CloseStuck(Subscriber& subscriber) {
  subscriber.closed = true;
  while (!subscriber.subscriptions.empty()) {
    placement_.Erase(*subscriber.subscriptions.back());
  }
  stats_.stuck.fetch_add(1, std::memory_order_relaxed);
  subscriber.sink->Stuck();  // may Remove it
}

void Sweep::Bookmark(Subscriber& subscriber, BookmarkNote note) {
  notices_.Bookmark(subscriber, SafePlace(subscriber), std::move(note));
}

Place Sweep::SafePlace(const Subscriber& subscriber) const {
  Place safe = cohorts_.live().place;
  if (Planted("bookmark-overtakes")) return safe;
  const auto lower = [](Cursor& to, const Cursor& place) {
    to = place.sequence < to.sequence ? place : to;
  };
  for (const auto& subscription : subscriber.subscriptions) {
    if (subscription->cohort != nullptr && subscription->cohort->live() &&
        !subscription->is_part()) {
      continue;
    }
    const Place place = PlaceOf(*subscription);
    if (!MayTell(*subscription, place.ordinary) || !MayTell(*subscription, place.urgent)) {
      return {};
    }
    lower(safe.ordinary, place.ordinary);
    lower(safe.urgent, place.urgent);
  }
  return safe;
}

// A gap may still have to be told: a new subscription may begin with one, and one that went on
// reading may stand among events that the hub has lost since.
bool Sweep::MayTell(const Subscription& subscription, const Cursor& place) const {
  const Cursor& live = cohorts_.live().place;
  const bool gap_may_follow = subscription.announced
                                  ? place.sequence > live.sequence && !window_.Holds(place)
                                  : place.epoch != live.epoch;
  return place.epoch != 0 && !gap_may_follow;
}

}  // namespace tocsin
