// Subscriptions that are behind: from the start to live, by way of log and window.
//
// A subscription becomes live in the one place where its place equals the shard's (ServeSlice), on
// the thread that moves both, after the drain: so no event can fall between replay and live, and
// none comes twice.
#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/base/heap_bytes.h"
#include "core/event/error.h"
#include "core/stream/shard.h"

namespace tocsin {
namespace {

absl::Status NotOpen() {
  return MakeError(ErrorCode::kServiceUnavailable, "the log is not open yet; try again shortly",
                   {.retry_after = absl::Seconds(1)});
}

}  // namespace

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

void Shard::OpenLog(Subscription& subscription, const StartPoint& start) {
  subscription.waiting = true;
  subscription.catch_up =
      log_.Open(*this, start, subscription.filter,
                [this, id = subscription.subscriber->id, tag = subscription.tag](LogSlice slice) {
                  OnLogSlice(id, tag, std::move(slice));
                });
  subscription.catch_up->Next(options_.replay_events, options_.replay_bytes);
}

// Comes only while the CatchUp lives, and with it the subscription.
void Shard::OnLogSlice(SubscriberId id, SubscriptionTag tag, LogSlice slice) {
  Subscriber* subscriber = Find(id);
  TOCSIN_CHECK(subscriber != nullptr);
  Subscription* subscription = subscriber->Find(tag);
  TOCSIN_CHECK(subscription != nullptr && subscription->waiting);
  subscription->waiting = false;
  Guarded(*subscriber, [&] { TakeSlice(*subscription, slice); });
}

void Shard::TakeSlice(Subscription& subscription, const LogSlice& slice) {
  if (!slice.status.ok()) {
    End(subscription, slice.status);
    return;
  }
  if (slice.gap.has_value() && !subscription.notify_on_gap) {
    TellGap(subscription, *slice.gap, slice);
    return;
  }
  if (!subscription.announced) {
    Announce(subscription, slice.from, /*recovered=*/!slice.gap.has_value());
  }
  if (slice.gap.has_value()) {
    TellGap(subscription, *slice.gap, slice);
  }
  DeliverBehind(subscription, slice.events);
  subscription.place = slice.to;
  MakeReady(subscription);
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

// A write's worth does not wait for the tick, which is there for those who get little: a replay
// goes on as fast as the peer takes it.
void Shard::DeliverBehind(Subscription& subscription, const std::vector<EventPtr>& events) {
  Subscriber& subscriber = *subscription.subscriber;
  for (const EventPtr& event : events) {
    pending_total_ += subscriber.PushEvent(event, subscription.tag);
    Touch(subscriber);
  }
  if (HasAWriteFull(subscriber)) {
    Flush(subscriber);
  }
}

void Shard::MakeReady(Subscription& subscription) {
  if (!subscription.queued) {
    subscription.queued = true;
    ready_.push_back({subscription.subscriber->id, subscription.tag});
    Wake();
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
    Guarded(*subscriber, [&] { slices += ServeSlice(*subscription) ? 1 : 0; });
  }
  if (!ready_.empty()) {
    Wake();
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
  if (subscription.place.sequence > position_.sequence && window_.Holds(subscription.place)) {
    subscription.queued = true;
    ahead_.push_back({subscriber.id, subscription.tag});
    return false;
  }
  if (subscription.catch_up == nullptr) {
    OpenLog(subscription, subscription.place);
  } else {
    subscription.waiting = true;
    subscription.catch_up->Next(options_.replay_events, options_.replay_bytes);
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
  std::erase_if(slice.events,
                [&](const EventPtr& event) { return !subscription.filter->Matches(event->facts); });
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
  Wake();
}

void Shard::Erase(Subscription& subscription) {
  if (subscription.live()) {
    StopLive(subscription, position_);
  }
  Subscriber& subscriber = *subscription.subscriber;
  auto& all = subscriber.subscriptions;
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const auto& each) { return each.get() == &subscription; });
  TOCSIN_CHECK(found != all.end());
  CountOff(subscription);
  all.erase(found);
  ShrinkWhenSparse(all);
  CountSubscriptions(subscriber);
  stats_.subscriptions.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace tocsin
