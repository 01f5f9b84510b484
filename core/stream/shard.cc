// The engine's turn, in order:
//
//   tasks    what other threads posted: new subscribers, answers of the log
//   drain    the window's news are matched and put into the batches of live ones
//   serve    behind ones that can take more get a slice each, a bounded number a turn
//   flush    batches with no write in flight go out
//   sweep    about once a second: bookmarks that are due, peers that take nothing
//
// A subscription becomes live in the one place where its place equals the shard's (ServeSlice), on
// the thread that moves both, after the drain: so no event can fall between replay and live, and
// none comes twice.
#include "core/stream/shard.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/event/error.h"

namespace tocsin {
namespace {

// One turn's share of the news: past it the sockets get their turn, so that a burst does not fill
// every batch.
constexpr size_t kDrainEvents = 512;
constexpr size_t kDrainBytes = 2 * limits::kMiB;

absl::Status NotOpen() {
  return MakeError(ErrorCode::kServiceUnavailable, "the log is not open yet; try again shortly",
                   {.retry_after = absl::Seconds(1)});
}

}  // namespace

Shard::Shard(const Window& window, LogReader& log, Clock& clock, ShardOptions options)
    : window_(window), log_(log), clock_(clock), options_(options) {}

Shard::~Shard() = default;

void Shard::Ring() {
  if (!rung_.exchange(true) && bell_) {
    bell_();
  }
}

void Shard::Post(Task task) {
  {
    MutexLock lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  Ring();
}

absl::Duration Shard::RunOnce() {
  rung_.store(false);
  now_ = clock_.Monotonic();
  RunTasks();
  DrainWindow();
  ServeReady();
  FlushTouched();
  if (now_ >= sweep_due_) {
    Sweep();
  }
  return subscribers_.empty() ? flush_due_ : std::min(flush_due_, sweep_due_);
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

// ---- live ----

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
  if (position_.sequence == view.head.sequence && position_ == view.head) {
    return;
  }
  drained_.events.clear();
  const auto outcome = window_.Read(position_, view.head, kDrainEvents, kDrainBytes, drained_);
  if (outcome != Window::Outcome::kRead) {
    // The window moved on faster than this thread: the log has what was missed.
    AllFallBehind();
    position_ = window_.view().head;
    RetryAhead();
    return;
  }
  for (const EventPtr& event : drained_.events) {
    Route(event);
    position_ = event->cursor;
  }
  position_ = drained_.to;
  drained_.events.clear();
  RetryAhead();
  if (position_ != window_.view().head) {
    Ring();
  }
}

// The shard's place has moved: those that wait for it look again.
void Shard::RetryAhead() {
  if (!ahead_.empty()) {
    ready_.insert(ready_.end(), ahead_.begin(), ahead_.end());
    ahead_.clear();
    Ring();
  }
}

void Shard::Route(const EventPtr& event) {
  index_.Match(event->facts, [&](std::span<IndexMember* const> members) {
    for (IndexMember* member : members) {
      DeliverLive(static_cast<Subscription&>(*member), event);
    }
  });
  for (Subscriber* subscriber : overflowed_) {
    subscriber->overflowed = false;
    FallBehind(*subscriber);
    stats_.fell_behind.fetch_add(1, std::memory_order_relaxed);
  }
  overflowed_.clear();
}

void Shard::DeliverLive(Subscription& subscription, const EventPtr& event) {
  Subscriber& subscriber = *subscription.subscriber;
  if (subscriber.overflowed) {
    return;
  }
  const bool more_tags = subscriber.pending() > 0 && subscriber.items.back().event == event;
  if (!more_tags && Full(subscriber)) {
    if (!subscriber.writing) {
      Flush(subscriber);
    }
    if (Full(subscriber)) {
      subscriber.overflowed = true;
      overflowed_.push_back(&subscriber);
      return;
    }
  }
  pending_total_ += subscriber.PushEvent(event, subscription.tag);
  Touch(subscriber);
}

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
    FallBehind(*subscriber);
  }
}

void Shard::FallBehind(Subscriber& subscriber) {
  for (const auto& subscription : subscriber.subscriptions) {
    if (subscription->live()) {
      StopLive(*subscription);
      MakeReady(*subscription);
    }
  }
}

// ---- from the start to live ----

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
  Ring();
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
  subscribers_.erase(id);
  stats_.subscribers.store(subscribers_.size(), std::memory_order_relaxed);
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
    stats_.subscriptions.fetch_add(1, std::memory_order_relaxed);
  } else {
    if (subscription->live()) {
      StopLive(*subscription);
    }
    subscription->catch_up.reset();
    if (!options.start.has_value()) {
      const bool placed = subscription->place.epoch != 0;
      start = placed ? StartPoint(subscription->place) : subscription->asked;
    }
  }
  subscription->filter = std::move(options.filter);
  subscription->notify_on_gap = options.notify_on_gap;
  Begin(*subscription, start);
  Ring();
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
  Ring();
  return true;
}

bool Shard::Has(SubscriberId id, SubscriptionTag tag) const {
  Subscriber* subscriber = Find(id);
  return subscriber != nullptr && subscriber->Find(tag) != nullptr;
}

void Shard::Begin(Subscription& subscription, const StartPoint& start) {
  subscription.announced = false;
  subscription.waiting = false;
  subscription.asked = start;
  subscription.place = Cursor{};
  const Window::View view = window_.view();
  if (!view.open) {
    End(subscription, NotOpen());
    return;
  }
  if (std::holds_alternative<Latest>(start)) {
    subscription.place = view.head;
  } else if (const Cursor* cursor = std::get_if<Cursor>(&start)) {
    subscription.place = *cursor;
    if (!window_.Holds(*cursor)) {
      OpenLog(subscription, start);
      return;
    }
  } else {
    OpenLog(subscription, start);
    return;
  }
  Announce(subscription, subscription.place, /*recovered=*/true);
  MakeReady(subscription);
}

void Shard::Announce(Subscription& subscription, const Cursor& place, bool recovered) {
  subscription.announced = true;
  auto extra = std::make_unique<ItemExtra>();
  extra->filter = subscription.filter;
  subscription.subscriber->Push(Item{.kind = Item::Kind::kSubscribed,
                                     .recovered = recovered,
                                     .event = nullptr,
                                     .cursor = place,
                                     .extra = std::move(extra)},
                                subscription.tag);
  Touch(*subscription.subscriber);
}

void Shard::BecomeLive(Subscription& subscription) {
  subscription.catch_up.reset();
  index_.Add(subscription, subscription.filter);
  stats_.live.fetch_add(1, std::memory_order_relaxed);
  subscription.subscriber->Push(
      Item{.kind = Item::Kind::kCaughtUp, .event = nullptr, .cursor = position_, .extra = nullptr},
      subscription.tag);
  Touch(*subscription.subscriber);
}

void Shard::StopLive(Subscription& subscription) {
  index_.Remove(subscription);
  stats_.live.fetch_sub(1, std::memory_order_relaxed);
  subscription.place = position_;
}

void Shard::OpenLog(Subscription& subscription, const StartPoint& start) {
  subscription.reading = next_reading_++;
  subscription.waiting = true;
  subscription.catch_up = log_.Open(*this, start, subscription.filter,
                                    [this, id = subscription.subscriber->id, tag = subscription.tag,
                                     reading = subscription.reading](LogSlice slice) {
                                      OnLogSlice(id, tag, reading, std::move(slice));
                                    });
  subscription.catch_up->Next(options_.write_events, options_.write_bytes);
}

void Shard::OnLogSlice(SubscriberId id, SubscriptionTag tag, uint64_t reading, LogSlice slice) {
  Subscriber* subscriber = Find(id);
  Subscription* subscription = subscriber == nullptr ? nullptr : subscriber->Find(tag);
  if (subscription == nullptr || subscription->reading != reading ||
      subscription->catch_up == nullptr) {
    return;
  }
  subscription->waiting = false;
  if (!slice.status.ok()) {
    End(*subscription, slice.status);
    return;
  }
  if (slice.gap.has_value() && !subscription->notify_on_gap) {
    TellGap(*subscription, *slice.gap, slice);
    return;
  }
  if (!subscription->announced) {
    Announce(*subscription, slice.from, /*recovered=*/!slice.gap.has_value());
  }
  if (slice.gap.has_value()) {
    TellGap(*subscription, *slice.gap, slice);
  }
  DeliverBehind(*subscription, slice.events);
  subscription->place = slice.to;
  MakeReady(*subscription);
}

bool Shard::TellGap(Subscription& subscription, const Gap& gap, const LogSlice& held) {
  if (!subscription.notify_on_gap) {
    End(subscription,
        MakeError(ErrorCode::kCursorExpired,
                  gap.reason == GapReason::kExpired
                      ? "the cursor is older than the oldest event held"
                  : gap.reason == GapReason::kEpoch
                      ? "the cursor is of another life of the log, which was lost or made anew"
                      : "the log is damaged after the cursor",
                  {.field = "from",
                   .earliest = FormatCursor(held.earliest),
                   .latest = FormatCursor(held.latest)}));
    return false;
  }
  auto extra = std::make_unique<ItemExtra>();
  extra->gap = gap;
  subscription.subscriber->Push(
      Item{.kind = Item::Kind::kGap, .event = nullptr, .cursor = gap.to, .extra = std::move(extra)},
      subscription.tag);
  Touch(*subscription.subscriber);
  return true;
}

void Shard::DeliverBehind(Subscription& subscription, const std::vector<EventPtr>& events) {
  Subscriber& subscriber = *subscription.subscriber;
  for (const EventPtr& event : events) {
    if (subscription.filter->Matches(event->facts)) {
      pending_total_ += subscriber.PushEvent(event, subscription.tag);
      Touch(subscriber);
    }
  }
}

void Shard::MakeReady(Subscription& subscription) {
  if (!subscription.queued) {
    subscription.queued = true;
    ready_.push_back({subscription.subscriber->id, subscription.tag});
    Ring();
  }
}

void Shard::MakeReady(Subscriber& subscriber) {
  for (const auto& subscription : subscriber.subscriptions) {
    if (!subscription->live() && subscription->announced) {
      MakeReady(*subscription);
    }
  }
}

void Shard::ServeReady() {
  size_t slices = 0;
  for (size_t left = ready_.size(); left > 0 && slices < options_.slices_per_turn; --left) {
    const Ready next = ready_.front();
    ready_.pop_front();
    Subscriber* subscriber = Find(next.id);
    Subscription* subscription = subscriber == nullptr ? nullptr : subscriber->Find(next.tag);
    if (subscription == nullptr || !subscription->queued) {
      continue;
    }
    subscription->queued = false;
    slices += ServeSlice(*subscription) ? 1 : 0;
  }
  if (!ready_.empty()) {
    Ring();
  }
}

bool Shard::ServeSlice(Subscription& subscription) {
  Subscriber& subscriber = *subscription.subscriber;
  if (subscription.live() || subscription.waiting || subscriber.stuck) {
    return false;
  }
  if (subscription.place == position_) {
    BecomeLive(subscription);
    return false;
  }
  if (HasAWriteFull(subscriber)) {
    return false;  // Written makes it ready again
  }
  if (ReadWindow(subscription)) {
    return true;
  }
  if (subscription.live() || subscription.queued) {
    return false;
  }
  if (subscription.place.sequence > position_.sequence && window_.Holds(subscription.place)) {
    subscription.queued = true;
    ahead_.push_back({subscriber.id, subscription.tag});
    return false;
  }
  if (subscription.catch_up == nullptr) {
    OpenLog(subscription, subscription.place);
  } else {
    subscription.waiting = true;
    subscription.catch_up->Next(options_.write_events, options_.write_bytes);
  }
  return true;
}

bool Shard::ReadWindow(Subscription& subscription) {
  Window::Slice slice;
  if (subscription.place.sequence > position_.sequence) {
    return false;
  }
  const auto outcome = window_.Read(subscription.place, position_, options_.write_events,
                                    options_.write_bytes, slice);
  if (outcome != Window::Outcome::kRead) {
    return false;
  }
  subscription.catch_up.reset();
  DeliverBehind(subscription, slice.events);
  subscription.place = slice.to;
  MakeReady(subscription);
  return true;
}

void Shard::End(Subscription& subscription, absl::Status status) {
  Subscriber& subscriber = *subscription.subscriber;
  const SubscriptionTag tag = subscription.tag;
  Erase(subscription);
  auto extra = std::make_unique<ItemExtra>();
  extra->status = std::move(status);
  subscriber.Push(Item{.kind = Item::Kind::kEnded, .event = nullptr, .extra = std::move(extra)},
                  tag);
  Touch(subscriber);
  Ring();
}

void Shard::Erase(Subscription& subscription) {
  if (subscription.live()) {
    StopLive(subscription);
  }
  auto& all = subscription.subscriber->subscriptions;
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const auto& each) { return each.get() == &subscription; });
  TOCSIN_CHECK(found != all.end());
  all.erase(found);
  stats_.subscriptions.fetch_sub(1, std::memory_order_relaxed);
}

// ---- writing ----

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
  flush_due_ = absl::InfiniteDuration();
  if (touched_.empty()) {
    return;
  }
  if (now_ - last_flush_ < options_.hot_tick) {
    flush_due_ = last_flush_ + options_.hot_tick;
    return;
  }
  last_flush_ = now_;
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
  if (subscriber.writing || subscriber.stuck || subscriber.pending() == 0) {
    return;
  }
  const WriteView view = subscriber.Next(options_.write_events, options_.write_bytes);
  const auto events =
      static_cast<uint64_t>(std::count_if(view.items.begin(), view.items.end(),
                                          [](const Item& item) { return item.event != nullptr; }));
  subscriber.writing = true;
  subscriber.last_progress = now_;
  subscriber.last_cursor = now_;
  subscriber.bytes_taken = subscriber.sink->BytesTaken();
  const size_t count = view.items.size();
  subscriber.sink->Write(view);
  pending_total_ -= subscriber.Consume(count);
  stats_.delivered.fetch_add(events, std::memory_order_relaxed);
  stats_.writes.fetch_add(1, std::memory_order_relaxed);
}

void Shard::Written(SubscriberId id) {
  Subscriber* subscriber = Find(id);
  if (subscriber == nullptr) {
    return;
  }
  TOCSIN_CHECK(subscriber->writing);
  subscriber->writing = false;
  now_ = clock_.Monotonic();
  if (HasAWriteFull(*subscriber)) {
    Flush(*subscriber);
  } else if (subscriber->pending() > 0) {
    Touch(*subscriber);
    Ring();
  }
  MakeReady(*subscriber);
}

// ---- time ----

void Shard::Bookmark(SubscriberId id, std::string note) {
  if (Subscriber* subscriber = Find(id); subscriber != nullptr && !subscriber->stuck) {
    QueueBookmark(*subscriber, std::move(note));
    Ring();
  }
}

void Shard::QueueBookmark(Subscriber& subscriber, std::string note) {
  Item item{.kind = Item::Kind::kBookmark,
            .event = nullptr,
            .cursor = SafePlace(subscriber),
            .extra = nullptr};
  if (!note.empty()) {
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
    // One that is not announced may begin with a gap that has yet to be told.
    const bool foreign = !subscription->announced && subscription->place.epoch != position_.epoch;
    if (subscription->place.epoch == 0 || foreign) {
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
    std::vector<Item>().swap(subscriber.items);
    std::vector<SubscriptionTag>().swap(subscriber.tags);
  }
  const bool wants = subscriber.bookmark_interval > absl::ZeroDuration() &&
                     now_ - subscriber.last_cursor + sweep_interval_ > subscriber.bookmark_interval;
  if (wants && SafePlace(subscriber).epoch != 0) {
    QueueBookmark(subscriber, "");
  }
}

Subscriber* Shard::Find(SubscriberId id) const {
  const auto found = subscribers_.find(id);
  return found == subscribers_.end() ? nullptr : found->second.get();
}

}  // namespace tocsin
