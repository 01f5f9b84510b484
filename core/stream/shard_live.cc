// Live subscriptions: the window's news, to those whose place is the shard's.
//
// A pass collects, for each filter that matched, the run of its events, and hands each run to all
// who have that filter: one that has nothing waiting and no other filter is written to straight
// from the run, so that its share of the cost is the write. Others get the events into their own
// batches, in order.
#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/container/inlined_vector.h"
#include "core/event/limits.h"
#include "core/stream/shard.h"

namespace tocsin {
namespace {

// One turn's share of the news: past it the sockets get their turn, so that a burst does not fill
// every batch.
constexpr size_t kDrainEvents = 512;
constexpr size_t kDrainBytes = 2 * limits::kMiB;
// Between passes: what a pass of few filters needs is not allocated anew. A run keeps room for
// kDrainEvents items at the most, so these keep 3 MB.
constexpr size_t kKeptRuns = 64;

}  // namespace

void Shard::DrainWindow() {
  const Window::View view = window_.view();
  if (!view.open) {
    return;
  }
  if (!open_) {
    open_ = true;
    position_ = view.head;
    resets_seen_ = view.resets;
  }
  if (view.resets != resets_seen_) {
    NoticeReset(view);
  }
  if (!tick_ || position_ == view.head) {
    return;
  }
  drained_.events.clear();
  const auto outcome = window_.Read(position_, view.head, kDrainEvents, kDrainBytes, drained_);
  if (outcome != Window::Outcome::kRead) {
    // The window moved on faster than this thread: the log has what was missed.
    AllFallBehind();
    position_ = window_.view().head;
  } else {
    Deliver();
  }
  RetryAhead();
  if (position_ != window_.view().head) {
    Wake();
  }
}

// The shard's place has moved: those that wait for it look again.
void Shard::RetryAhead() {
  if (!ahead_.empty()) {
    ready_.insert(ready_.end(), ahead_.begin(), ahead_.end());
    ahead_.clear();
    Wake();
  }
}

// ---- a pass ----

// What throws before anything has been handed out leaves all as it was, for the next turn.
void Shard::Deliver() {
  {
    const absl::Cleanup end = [this] { EndPass(); };
    CollectRuns();
    HandOutRuns();
  }
  position_ = drained_.to;
  drained_.events.clear();
}

void Shard::CollectRuns() {
  for (const EventPtr& event : drained_.events) {
    index_.Match(event->facts, [&](IndexEntry& entry) { AddToRun(entry, event); });
  }
}

void Shard::HandOutRuns() {
  for (size_t i = 0; i < runs_used_; ++i) {
    DeliverRun(*runs_[i]);
  }
  for (Subscriber* subscriber : merging_) {
    if (!subscriber->failed) {
      Guarded(*subscriber, [&] { DeliverMerged(*subscriber); });
    }
  }
}

void Shard::SendOverflowedBack() {
  for (const Overflow& overflow : overflowed_) {
    overflow.subscriber->overflowed = false;
    Guarded(*overflow.subscriber, [&] { FallBehind(*overflow.subscriber, overflow.place); });
    stats_.fell_behind.fetch_add(1, std::memory_order_relaxed);
  }
  overflowed_.clear();
}

void Shard::AddToRun(IndexEntry& entry, const EventPtr& event) {
  if (entry.run == nullptr) {
    if (runs_used_ == runs_.size()) {
      runs_.push_back(std::make_unique<EventRun>());
    }
    entry.run = runs_[runs_used_++].get();
    entry.run->entry = &entry;
  }
  entry.run->items.push_back(Item{.kind = Item::Kind::kEvent,
                                  .first_tag = 0,
                                  .tag_count = 1,
                                  .event = event,
                                  .cursor = event->cursor,
                                  .extra = nullptr});
}

// Whatever came of the pass, no mark of it stays.
void Shard::EndPass() {
  for (Subscriber* subscriber : merging_) {
    subscriber->merging = false;
  }
  merging_.clear();
  for (size_t i = 0; i < runs_used_; ++i) {
    runs_[i]->entry->run = nullptr;
    runs_[i]->items.clear();
    CountRun(*runs_[i]);
  }
  runs_used_ = 0;
  DropRuns(kKeptRuns);
  // Only now: it changes the index, and entries go with their last member.
  SendOverflowedBack();
}

// In parts of a write each: all who have the filter get the first before any gets the second, so
// that what is encoded for one is still there for the next.
void Shard::DeliverRun(const EventRun& run) {
  for (std::span<const Item> rest(run.items); !rest.empty();) {
    const size_t count = CountForWrite(rest, options_.write_events, options_.write_bytes);
    DeliverPart(run, rest.first(count));
    rest = rest.subspan(count);
  }
}

void Shard::DeliverPart(const EventRun& run, std::span<const Item> items) {
  const uint64_t number = next_run_++;
  for (IndexMember* member : run.entry->members) {
    auto& subscription = static_cast<Subscription&>(*member);
    Subscriber& subscriber = *subscription.subscriber;
    if (!subscriber.stuck) {
      Guarded(subscriber, [&] { DeliverTo(subscription, items, number); });
    }
  }
}

void Shard::DeliverTo(Subscription& subscription, std::span<const Item> items, uint64_t number) {
  Subscriber& subscriber = *subscription.subscriber;
  if (subscriber.subscriptions.size() > 1) {
    if (!subscriber.merging) {
      merging_.push_back(&subscriber);
      subscriber.merging = true;
    }
  } else if (!subscriber.writing && subscriber.pending() == 0) {
    Send(subscriber, {.items = items, .tags = std::span(&subscription.tag, 1), .run = number});
  } else if (!subscriber.overflowed) {
    for (size_t i = 0; i < items.size() && Queue(subscription, items[i].event); ++i) {
    }
  }
}

// Its filters' runs, merged back into the order of the log.
void Shard::DeliverMerged(Subscriber& subscriber) {
  struct Rest {
    Subscription* subscription;
    std::span<const Item> items;
  };
  absl::InlinedVector<Rest, 8> rests;
  for (const auto& subscription : subscriber.subscriptions) {
    if (subscription->live() && subscription->entry->run != nullptr) {
      rests.push_back({subscription.get(), subscription->entry->run->items});
    }
  }
  const auto earlier = [](const Rest& a, const Rest& b) {
    if (a.items.empty() || b.items.empty()) {
      return b.items.size() < a.items.size();
    }
    return a.items.front().cursor.sequence < b.items.front().cursor.sequence;
  };
  while (true) {
    Rest& next = *std::min_element(rests.begin(), rests.end(), earlier);
    if (next.items.empty() || !Queue(*next.subscription, next.items.front().event)) {
      return;
    }
    next.items = next.items.subspan(1);
  }
}

// Into the subscriber's own batch. False when that is full: then it falls behind before this event.
bool Shard::Queue(Subscription& subscription, const EventPtr& event) {
  Subscriber& subscriber = *subscription.subscriber;
  const bool more_tags = subscriber.pending() > 0 && subscriber.items.back().event == event;
  if (!more_tags && Full(subscriber)) {
    if (!subscriber.writing) {
      Flush(subscriber);
    }
    if (Full(subscriber)) {
      subscriber.overflowed = true;
      overflowed_.push_back({&subscriber, PlaceBefore(*event)});
      return false;
    }
  }
  pending_total_ += subscriber.PushEvent(event, subscription.tag);
  Touch(subscriber);
  return true;
}

// Within what was drained.
Cursor Shard::PlaceBefore(const EventRecord& event) const {
  const auto& events = drained_.events;
  const auto found = std::lower_bound(
      events.begin(), events.end(), event.cursor.sequence,
      [](const EventPtr& each, Sequence sequence) { return each->cursor.sequence < sequence; });
  return found == events.begin() ? position_ : (*std::prev(found))->cursor;
}

// ---- falling behind ----

void Shard::NoticeReset(const Window::View& view) {
  const Cursor before = position_;
  const std::optional<Gap> gap = window_.last_gap();
  AllFallBehind();
  resets_seen_ = view.resets;
  position_ = view.base;
  RetryAhead();
  for (auto& [id, subscriber] : subscribers_) {
    for (size_t i = 0; i < subscriber->subscriptions.size();) {
      Subscription& subscription = *subscriber->subscriptions[i];
      const size_t size = subscriber->subscriptions.size();
      // Who stood where the hole begins is told here; who stood elsewhere asks the log.
      if (subscription.announced && subscription.catch_up == nullptr && gap.has_value() &&
          before == gap->from && subscription.place == gap->from) {
        LogSlice held;
        held.earliest = held.latest = gap->to;
        if (TellGap(subscription, *gap, held)) {
          subscription.place = gap->to;
        }
      }
      i += subscriber->subscriptions.size() == size ? 1 : 0;
    }
  }
}

void Shard::AllFallBehind() {
  for (auto& [id, subscriber] : subscribers_) {
    FallBehind(*subscriber, position_);
  }
}

void Shard::FallBehind(Subscriber& subscriber, const Cursor& place) {
  for (const auto& subscription : subscriber.subscriptions) {
    if (subscription->live()) {
      StopLive(*subscription, place);
      MakeReady(*subscription);
    }
  }
}

void Shard::BecomeLive(Subscription& subscription) {
  subscription.catch_up.reset();
  index_.Add(subscription, subscription.filter);
  subscription.filter = subscription.entry->filter;  // one for all who have it
  CountSubscription(subscription);
  stats_.live.fetch_add(1, std::memory_order_relaxed);
  subscription.subscriber->Push(
      Item{.kind = Item::Kind::kCaughtUp, .event = nullptr, .cursor = position_, .extra = nullptr},
      subscription.tag);
  Touch(*subscription.subscriber);
}

void Shard::StopLive(Subscription& subscription, const Cursor& place) {
  index_.Remove(subscription);
  stats_.live.fetch_sub(1, std::memory_order_relaxed);
  subscription.place = place;
  CountSubscription(subscription);
}

}  // namespace tocsin
