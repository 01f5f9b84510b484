// The engine's turn, in order:
//
//   tasks    what other threads posted: new subscribers, answers of the log
//   drain    the window's news are matched and go to live ones (shard_live.cc)
//   serve    behind ones that can take more get a slice each, a bounded number a turn
//            (shard_behind.cc)
//   flush    batches with no write in flight go out (shard_write.cc)
//   sweep    about once a second: bookmarks that are due, peers that take nothing
//
// Drain and flush happen at most once a tick. A turn that has sent something is followed by another
// after the tick, and until then the window's news ring no bell: under load a turn costs a timer
// and not a wake-up for every event, and an idle shard still sends a lone event at once.
#include "core/stream/shard.h"

#include <algorithm>
#include <utility>

#include "core/base/heap_bytes.h"

namespace tocsin {

Shard::Shard(const Window& window, LogReader& log, Clock& clock, ShardOptions options)
    : window_(window), log_(log), clock_(clock), options_(options) {}

Shard::~Shard() = default;

// Of the window's news. While a turn is due within the tick it is soon enough.
void Shard::Ring() {
  if (!rung_.exchange(true) && bell_) {
    bell_();
  }
}

// Of everything else, which does not wait for the tick.
void Shard::Wake() {
  if (!woken_.exchange(true) && bell_) {
    bell_();
  }
}

void Shard::Post(Task task) {
  {
    MutexLock lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  Wake();
}

absl::Duration Shard::RunOnce() {
  woken_.store(false);
  rung_.store(false);
  now_ = clock_.Monotonic();
  tick_ = now_ - last_flush_ >= options_.hot_tick;
  sent_ = false;
  RunTasks();
  DrainWindow();
  ServeReady();
  FlushTouched();
  if (now_ >= sweep_due_) {
    Sweep();
  }
  EndFailed();
  if (sent_) {
    last_flush_ = now_;
  }
  PublishMemory();
  return NextTurn();
}

absl::Duration Shard::NextTurn() {
  const absl::Duration due = subscribers_.empty() ? absl::InfiniteDuration() : sweep_due_;
  const absl::Duration tick_end = last_flush_ + options_.hot_tick;
  if (now_ >= tick_end) {
    return due;
  }
  rung_.store(true);
  return std::min(due, tick_end);
}

void Shard::RunTasks() {
  std::vector<Task> tasks;
  {
    MutexLock lock(mutex_);
    tasks.swap(tasks_);
  }
  for (Task& task : tasks) {
    std::move(task)();
  }
}

// ---- subscribers and subscriptions ----

SubscriberId Shard::Add(Sink* sink, absl::Duration bookmark_interval) {
  auto subscriber = std::make_unique<Subscriber>();
  subscriber->id = next_id_++;
  subscriber->sink = sink;
  subscriber->bookmark_interval = bookmark_interval;
  subscriber->last_cursor = clock_.Monotonic();
  if (bookmark_interval > absl::ZeroDuration()) {
    sweep_interval_ =
        std::min(sweep_interval_, std::max(bookmark_interval / 4, absl::Milliseconds(25)));
  }
  const SubscriberId id = subscriber->id;
  subscribers_.emplace(id, std::move(subscriber));
  stats_.subscribers.store(subscribers_.size(), std::memory_order_relaxed);
  Wake();
  return id;
}

void Shard::Remove(SubscriberId id) {
  Subscriber* subscriber = Find(id);
  if (subscriber == nullptr) {
    return;
  }
  while (!subscriber->subscriptions.empty()) {
    Erase(*subscriber->subscriptions.back());
  }
  pending_total_ -= subscriber->bytes;
  CountOff(*subscriber);
  subscribers_.erase(id);
  ShrinkTableWhenSparse(subscribers_);
  stats_.subscribers.store(subscribers_.size(), std::memory_order_relaxed);
  PublishMemory();
}

void Shard::Subscribe(SubscriberId id, SubscribeOptions options) {
  Subscriber* subscriber = Find(id);
  if (subscriber == nullptr || subscriber->stuck) {
    return;
  }
  StartPoint start = options.start.value_or(Latest{});
  Subscription* subscription = subscriber->Find(options.tag);
  if (subscription == nullptr) {
    subscriber->subscriptions.push_back(std::make_unique<Subscription>());
    subscription = subscriber->subscriptions.back().get();
    subscription->subscriber = subscriber;
    subscription->tag = options.tag;
    CountSubscriptions(*subscriber);
    stats_.subscriptions.fetch_add(1, std::memory_order_relaxed);
  } else {
    if (subscription->live()) {
      StopLive(*subscription, position_);
    }
    subscription->catch_up.reset();
    if (!options.start.has_value()) {
      const bool placed = subscription->place.epoch != 0;
      start = placed ? StartPoint(subscription->place) : subscription->asked;
    }
  }
  subscription->filter = std::move(options.filter);
  subscription->notify_on_gap = options.notify_on_gap;
  CountSubscription(*subscription);
  Begin(*subscription, start);
  Wake();
}

bool Shard::Unsubscribe(SubscriberId id, SubscriptionTag tag) {
  Subscriber* subscriber = Find(id);
  Subscription* subscription = subscriber == nullptr ? nullptr : subscriber->Find(tag);
  if (subscription == nullptr) {
    return false;
  }
  Erase(*subscription);
  subscriber->Push(Item{.kind = Item::Kind::kUnsubscribed, .event = nullptr, .extra = nullptr},
                   tag);
  Touch(*subscriber);
  Wake();
  return true;
}

bool Shard::Has(SubscriberId id, SubscriptionTag tag) const {
  Subscriber* subscriber = Find(id);
  return subscriber != nullptr && subscriber->Find(tag) != nullptr;
}

Subscriber* Shard::Find(SubscriberId id) const {
  const auto found = subscribers_.find(id);
  return found == subscribers_.end() ? nullptr : found->second.get();
}

}  // namespace tocsin
