// A turn, in this order, each step bounded:
//
//   tasks    the posted tasks run: subscribe, written, slices of the log
//   drain    the window's new events are matched and handed to the live subscriptions
//   serve    cohorts that are behind get a slice each, a bounded number a turn; the parts of those
//            with priority are joined
//   flush    outboxes with no write in flight are written
//   sweep    about once a second: bookmarks that are due, peers that take nothing
//
// Drain and flush happen at most once a tick. A turn that has sent something is followed by another
// one after the tick, and until then new events ring no bell. So under load a turn costs one timer
// instead of one wake-up an event, and an idle shard still sends a lone event at once.
#include "core/stream/shard.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "core/base/heap_bytes.h"
#include "core/base/planted.h"
#include "core/event/error.h"

namespace tocsin {
namespace {

absl::Status NotOpen() {
  return MakeError(ErrorCode::kServiceUnavailable, "the log is not open yet; try again shortly",
                   {.retry_after = absl::Seconds(1)});
}

}  // namespace

Shard::Shard(const Window& window, LogReader& log, Clock& clock, ShardOptions options)
    : options_(options),
      window_(window),
      clock_(clock),
      writer_(subscribers_, bell_, clock, options_, stats_),
      notices_(writer_),
      cohorts_(bell_),
      placement_(cohorts_, queue_, window, writer_, notices_, bell_, stats_),
      delivery_(cohorts_, placement_, writer_, options_, stats_),
      live_feed_(cohorts_, placement_, delivery_, window, writer_, notices_, bell_),
      readings_(*this, log, cohorts_, queue_, placement_, delivery_, window, writer_, notices_,
                options_),
      backlog_(cohorts_, placement_, delivery_, readings_, window, writer_, bell_, options_),
      sweep_(subscribers_, window, cohorts_, placement_, writer_, notices_, stats_) {}

Shard::~Shard() = default;

void Shard::Post(Task task) {
  {
    MutexLock lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  bell_.Wake();
}

void Shard::DropTasks() {
  std::vector<Task> dropped;  // destroyed once the mutex is free
  MutexLock lock(mutex_);
  dropped.swap(tasks_);
}

absl::Duration Shard::RunOnce() {
  bell_.BeginTurn();
  writer_.BeginTurn();
  RunTasks();
  live_feed_.Drain();
  const absl::Duration serve_due = backlog_.Serve();
  placement_.JoinParts();
  writer_.FlushTouched();
  ServeRelieved();
  if (writer_.now() >= sweep_.due()) {
    sweep_.Run();
  }
  EndFailed();
  writer_.EndTurn();
  if (writer_.now() >= memory_due_) {
    PublishMemory();
  }
  return NextTurn(serve_due);
}

absl::Duration Shard::NextTurn(absl::Duration serve_due) {
  const absl::Duration due =
      std::min(serve_due, subscribers_.empty() ? absl::InfiniteDuration() : sweep_.due());
  if (writer_.now() >= writer_.tick_end()) {
    return due;
  }
  bell_.HoldNews();
  return std::min(due, writer_.tick_end());
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

void Shard::ServeRelieved() {
  for (const SubscriberId id : writer_.TakeRelieved()) {
    if (Subscriber* subscriber = subscribers_.Find(id)) {
      placement_.OnRoom(*subscriber);
    }
  }
}

// Runs after all passes of the turn, because a subscription must not leave its cohort during one.
void Shard::EndFailed() {
  for (const SubscriberId id : writer_.TakeFailed()) {
    if (Subscriber* subscriber = subscribers_.Find(id)) {
      while (!subscriber->subscriptions.empty()) {
        placement_.Erase(*subscriber->subscriptions.back());
      }
      subscriber->sink->Failed();  // may Remove it
    }
  }
}

// ---- subscribers and subscriptions ----

SubscriberId Shard::Add(Sink* sink, absl::Duration bookmark_interval) {
  Subscriber& subscriber = subscribers_.Add(sink, bookmark_interval);
  subscriber.last_cursor = clock_.Monotonic();
  sweep_.Added(subscriber);
  stats_.subscribers.store(subscribers_.size(), std::memory_order_relaxed);
  bell_.Wake();
  return subscriber.id;
}

void Shard::Remove(SubscriberId id) {
  Subscriber* subscriber = subscribers_.Find(id);
  if (subscriber == nullptr) {
    return;
  }
  while (!subscriber->subscriptions.empty()) {
    placement_.Erase(*subscriber->subscriptions.back());
  }
  subscribers_.Remove(id);
  stats_.subscribers.store(subscribers_.size(), std::memory_order_relaxed);
  if (subscribers_.empty()) {
    PublishMemory();  // no turn may follow
  }
}

void Shard::Subscribe(SubscriberId id, SubscribeOptions options) {
  Subscriber* subscriber = subscribers_.Find(id);
  if (subscriber == nullptr || subscriber->closed) {
    return;
  }
  StartPoint start = options.start.value_or(Latest{});
  Subscription* subscription = subscriber->Find(options.tag);
  if (subscription == nullptr) {
    subscriber->subscriptions.push_back(std::make_unique<Subscription>());
    subscription = subscriber->subscriptions.back().get();
    subscription->subscriber = subscriber;
    subscription->tag = options.tag;
    stats_.subscriptions.fetch_add(1, std::memory_order_relaxed);
  } else {
    Replace(*subscription, options, start);
  }
  subscription->stretch = options.latest_only ? std::make_unique<Stretch>() : nullptr;
  const FilterPtr& filter = options.filter;
  subscription->filter = options.leaves ? Filter::TellingLeaves(filter) : filter;
  subscription->asked = options.asked == filter ? nullptr : std::move(options.asked);
  subscription->notify_on_gap = options.notify_on_gap;
  subscription->priority = options.priority;
  if (live_feed_.SeeOpen()) {
    placement_.Begin(*subscription, start, options.urgent);
  } else {
    placement_.End(*subscription, NotOpen());
  }
  bell_.Wake();
}

void Shard::Replace(Subscription& subscription, SubscribeOptions& options, StartPoint& start) {
  placement_.Leave(subscription);
  if (Planted("update-keeps-filter")) options.filter = subscription.filter;
  if (!options.start.has_value()) {
    std::tie(start, options.urgent) = StartAgain(subscription);
  }
  subscription.rest.reset();
  std::vector<FilterPtr>& replaced = subscription.replaced;
  if (!subscription.announced) {
    if (replaced.size() == Subscription::kMaxReplaced) {
      replaced.erase(replaced.begin());
    }
    replaced.push_back(subscription.asked_filter());
  }
}

void Shard::Refilter(SubscriberId id, Narrow narrow) {
  Subscriber* const subscriber = subscribers_.Find(id);
  if (subscriber == nullptr || subscriber->closed) {
    return;
  }
  std::vector<Subscription*> all;  // since one that ends is taken out
  for (const auto& subscription : subscriber->subscriptions) {
    all.push_back(subscription.get());
  }
  for (Subscription* const subscription : all) {
    absl::StatusOr<FilterPtr> filter = narrow(subscription->asked_filter());
    filter.ok() ? Refilter(*subscription, *std::move(filter))
                : placement_.End(*subscription, filter.status());
  }
  bell_.Wake();
}

void Shard::Refilter(Subscription& subscription, FilterPtr filter) {
  const FilterPtr asked = subscription.asked_filter();
  const bool leaves = subscription.filter->tells_leaves();
  FilterPtr next = leaves ? Filter::TellingLeaves(filter) : filter;
  if (next->key() != subscription.filter->key() && !Planted("refresh-keeps-filter")) {
    placement_.Refilter(subscription, std::move(next));
  }
  subscription.asked = filter == asked ? nullptr : asked;
}

std::optional<SubscribeOptions> Shard::Withdraw(SubscriberId id, SubscriptionTag tag) {
  Subscriber* const subscriber = subscribers_.Find(id);
  Subscription* const subscription = subscriber == nullptr ? nullptr : subscriber->Find(tag);
  if (subscription == nullptr || subscription->announced) {
    return std::nullopt;
  }
  SubscribeOptions options{.tag = tag,
                           .filter = subscription->asked_filter(),
                           .notify_on_gap = subscription->notify_on_gap,
                           .priority = subscription->priority,
                           .latest_only = subscription->stretch != nullptr,
                           .leaves = subscription->filter->tells_leaves()};
  std::tie(options.start, options.urgent) = StartAgain(*subscription);
  placement_.Erase(*subscription);
  return options;
}

bool Shard::Unsubscribe(SubscriberId id, SubscriptionTag tag) {
  Subscriber* subscriber = subscribers_.Find(id);
  Subscription* subscription = subscriber == nullptr ? nullptr : subscriber->Find(tag);
  if (subscription == nullptr) {
    return false;
  }
  placement_.Erase(*subscription);
  notices_.Unsubscribed(*subscriber, tag);
  bell_.Wake();
  return true;
}

bool Shard::Has(SubscriberId id, SubscriptionTag tag) const {
  const Subscriber* subscriber = subscribers_.Find(id);
  return subscriber != nullptr && subscriber->Find(tag) != nullptr;
}

void Shard::Bookmark(SubscriberId id, BookmarkNote note) {
  Subscriber* subscriber = subscribers_.Find(id);
  if (subscriber != nullptr && !subscriber->closed) {
    sweep_.Bookmark(*subscriber, std::move(note));
    bell_.Wake();
  }
}

void Shard::Written(SubscriberId id) {
  if (Subscriber* subscriber = subscribers_.Find(id)) {
    writer_.Written(*subscriber);
    placement_.OnRoom(*subscriber);
  }
}

std::optional<SubscriberReport> Shard::Report(SubscriberId id) const {
  const Subscriber* subscriber = subscribers_.Find(id);
  if (subscriber == nullptr) {
    return std::nullopt;
  }
  SubscriberReport report{.sent = subscriber->sent,
                          .sent_at = subscriber->last_cursor,
                          .waiting_bytes = subscriber->outbox.bytes()};
  const Sequence head = window_.view().head.sequence;
  for (const auto& subscription : subscriber->subscriptions) {
    const Place place = PlaceOf(*subscription);
    const bool live =
        subscription->cohort != nullptr && subscription->cohort->live() && !subscription->is_part();
    const Cursor& ordinary = place.ordinary;
    const bool is_behind = !live && ordinary.epoch != 0 && ordinary.sequence < head;
    report.subscriptions.push_back({.tag = subscription->tag,
                                    .filter = subscription->asked_filter(),
                                    .live = live,
                                    .place = place,
                                    .behind = is_behind ? head - ordinary.sequence : 0});
  }
  return report;
}

// ---- memory ----

MemoryUse Shard::SumMemory() const {
  MemoryUse use;
  use.subscribers = subscribers_.size();
  use.subscriptions = stats_.subscriptions.load(std::memory_order_relaxed);
  use.subscriber_bytes = subscribers_.size() * sizeof(Subscriber) + subscribers_.table_bytes();
  for (const auto& [id, subscriber] : subscribers_) {
    use.subscriber_bytes += HeapBytes(subscriber->subscriptions);
    use.batch_bytes += subscriber->outbox.held_bytes();
    use.pending_bytes += subscriber->outbox.bytes();
    for (const auto& subscription : subscriber->subscriptions) {
      // A subscription that is in an index shares its filter with its entry there.
      const size_t filter = subscription->entry == nullptr ? subscription->filter->bytes() : 0;
      use.subscription_bytes += sizeof(Subscription) + HeapBytes(subscription->replaced) + filter;
      use.subscription_bytes += subscription->rest != nullptr ? sizeof(Subscription) : 0;
      use.subscription_bytes += subscription->asked != nullptr ? subscription->asked->bytes() : 0;
      if (const Stretch* const stretch = subscription->stretch.get()) {
        use.batch_bytes += sizeof(*stretch) + stretch->held_bytes();
        use.pending_bytes += stretch->bytes();
      }
    }
  }
  use.index_bytes = cohorts_.bytes() + queue_.bytes();
  use.run_bytes = delivery_.pass_bytes();
  return use;
}

MemoryUse Shard::memory() const {
  MemoryUse use = published_.Get();
  use.subscribers = stats_.subscribers.load(std::memory_order_relaxed);
  use.subscriptions = stats_.subscriptions.load(std::memory_order_relaxed);
  return use;
}

// A sum visits every subscriber, and nobody asks for it more often than once a second.
void Shard::PublishMemory() {
  memory_due_ = writer_.now() + absl::Seconds(1);
  published_.Set(SumMemory());
}

}  // namespace tocsin
