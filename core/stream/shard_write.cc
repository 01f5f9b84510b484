// Writing: one write in flight for each subscriber, bookmarks, and peers that take nothing.
#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/stream/shard.h"

namespace tocsin {

bool Shard::Full(const Subscriber& subscriber) const {
  return subscriber.pending() >= options_.pending_messages ||
         subscriber.bytes >= options_.pending_bytes;
}

bool Shard::HasAWriteFull(const Subscriber& subscriber) const {
  return subscriber.pending() >= options_.write_events || subscriber.bytes >= options_.write_bytes;
}

void Shard::Touch(Subscriber& subscriber) {
  if (!subscriber.touched) {
    subscriber.touched = true;
    touched_.push_back(subscriber.id);
  }
}

void Shard::FlushTouched() {
  if (!tick_ || touched_.empty()) {
    return;
  }
  std::vector<SubscriberId> touched;
  touched.swap(touched_);
  for (SubscriberId id : touched) {
    if (Subscriber* subscriber = Find(id)) {
      subscriber->touched = false;
      Flush(*subscriber);
    }
  }
  if (touched_.empty()) {
    touched.clear();
    touched_.swap(touched);  // keeps the capacity
  }
}

void Shard::Flush(Subscriber& subscriber) {
  bool left = false;
  while (!subscriber.writing && !subscriber.stuck && subscriber.pending() > 0) {
    const WriteView view = subscriber.Next(options_.write_events, options_.write_bytes);
    const size_t count = view.items.size();
    left = Send(subscriber, view);
    pending_total_ -= subscriber.Consume(count);
  }
  CountBatch(subscriber);
  if (left) {
    MakeReady(subscriber);
  }
}

bool Shard::Send(Subscriber& subscriber, const WriteView& view) {
  const auto events = std::count_if(view.items.begin(), view.items.end(),
                                    [](const Item& item) { return item.event != nullptr; });
  sent_ = true;
  subscriber.last_progress = now_;
  subscriber.last_cursor = now_;
  subscriber.bytes_taken = subscriber.sink->BytesTaken();
  bool left = false;
  Guarded(subscriber, [&] { left = subscriber.sink->Write(view); });
  subscriber.writing = !left && !subscriber.failed;
  stats_.delivered.fetch_add(static_cast<uint64_t>(events), std::memory_order_relaxed);
  stats_.writes.fetch_add(1, std::memory_order_relaxed);
  return left;
}

void Shard::Written(SubscriberId id) {
  Subscriber* subscriber = Find(id);
  if (subscriber == nullptr) {
    return;
  }
  TOCSIN_CHECK(subscriber->writing || subscriber->stuck);
  subscriber->writing = false;
  now_ = clock_.Monotonic();
  if (HasAWriteFull(*subscriber)) {
    Flush(*subscriber);
  } else if (subscriber->pending() > 0) {
    Touch(*subscriber);
    Wake();
  }
  MakeReady(*subscriber);
}

void Shard::Bookmark(SubscriberId id, BookmarkNote note) {
  if (Subscriber* subscriber = Find(id); subscriber != nullptr && !subscriber->stuck) {
    QueueBookmark(*subscriber, std::move(note));
    Wake();
  }
}

void Shard::QueueBookmark(Subscriber& subscriber, BookmarkNote note) {
  Item item{.kind = Item::Kind::kBookmark,
            .event = nullptr,
            .cursor = SafePlace(subscriber),
            .extra = nullptr};
  if (note.kind != 0) {
    item.extra = std::make_unique<ItemExtra>();
    item.extra->note = std::move(note);
  }
  subscriber.Push(std::move(item));
  Touch(subscriber);
}

Cursor Shard::SafePlace(const Subscriber& subscriber) const {
  Cursor safe = position_;
  for (const auto& subscription : subscriber.subscriptions) {
    if (subscription->live()) {
      continue;
    }
    // A gap that has yet to be told may follow: a new one may begin with it, and one that read on
    // meanwhile may stand among events that the hub has lost since.
    const bool gap_may_follow = subscription->announced
                                    ? subscription->place.sequence > position_.sequence &&
                                          !window_.Holds(subscription->place)
                                    : subscription->place.epoch != position_.epoch;
    if (subscription->place.epoch == 0 || gap_may_follow) {
      return Cursor{};
    }
    if (subscription->place.sequence < safe.sequence) {
      safe = subscription->place;
    }
  }
  return safe;
}

void Shard::Sweep() {
  sweep_due_ = now_ + sweep_interval_;
  std::vector<SubscriberId> ids;
  ids.reserve(subscribers_.size());
  for (const auto& [id, subscriber] : subscribers_) {
    ids.push_back(id);
  }
  for (SubscriberId id : ids) {
    if (Subscriber* subscriber = Find(id)) {
      SweepOne(*subscriber);
    }
  }
  FlushTouched();
}

void Shard::SweepOne(Subscriber& subscriber) {
  if (subscriber.stuck) {
    return;
  }
  if (subscriber.writing) {
    const uint64_t taken = subscriber.sink->BytesTaken();
    if (taken != subscriber.bytes_taken) {
      subscriber.bytes_taken = taken;
      subscriber.last_progress = now_;
    } else if (now_ - subscriber.last_progress >= options_.stuck_after) {
      subscriber.stuck = true;
      while (!subscriber.subscriptions.empty()) {
        Erase(*subscriber.subscriptions.back());
      }
      stats_.stuck.fetch_add(1, std::memory_order_relaxed);
      subscriber.sink->Stuck();  // may Remove it
    }
    return;
  }
  if (subscriber.pending() > 0) {
    return;
  }
  // Idle: give back what a burst has grown.
  if (subscriber.items.capacity() > 0) {
    subscriber.ReleaseBatch();
    CountBatch(subscriber);
  }
  const bool wants = subscriber.bookmark_interval > absl::ZeroDuration() &&
                     now_ - subscriber.last_cursor + sweep_interval_ > subscriber.bookmark_interval;
  if (wants && SafePlace(subscriber).epoch != 0) {
    QueueBookmark(subscriber, {});
  }
}

}  // namespace tocsin
