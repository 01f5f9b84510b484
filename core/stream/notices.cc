#include "core/stream/notices.h"

#include <utility>

#include "core/event/error.h"

namespace tocsin {
namespace {

const char* Explanation(GapReason reason) {
  switch (reason) {
    case GapReason::kExpired:
      return "the cursor is older than the oldest event held";
    case GapReason::kEpoch:
      return "the cursor is of another life of the log, which was lost or made anew";
    case GapReason::kDamaged:
      return "the log is damaged after the cursor";
  }
  return "";
}

Item Notice(Item::Kind kind, const Cursor& cursor = {}) {
  return Item{.kind = kind, .event = nullptr, .cursor = cursor, .extra = nullptr};
}

ItemExtra& ExtraOf(Item& item) {
  if (item.extra == nullptr) {
    item.extra = std::make_unique<ItemExtra>();
  }
  return *item.extra;
}

void SetPlace(Item& item, const Place& place) {
  if (place.is_split()) {
    ExtraOf(item).place = place;
  }
}

}  // namespace

absl::Status GapError(const Gap& gap, const Cursor& earliest, const Cursor& latest) {
  return MakeError(
      ErrorCode::kCursorExpired, Explanation(gap.reason),
      {.field = "from", .earliest = FormatCursor(earliest), .latest = FormatCursor(latest)});
}

void Notices::Subscribed(Subscription& subscription, const Cursor& place, bool recovered) {
  std::vector<FilterPtr> filters = std::exchange(subscription.replaced, {});
  filters.push_back(subscription.asked_filter());
  for (FilterPtr& filter : filters) {
    Item item = Notice(Item::Kind::kSubscribed, place);
    item.recovered = recovered;
    ExtraOf(item).filter = std::move(filter);
    SetPlace(item, PlaceOf(subscription));
    Push(*subscription.subscriber, std::move(item), subscription.tag);
  }
  subscription.announced = true;
}

void Notices::Unsubscribed(Subscriber& subscriber, SubscriptionTag tag) {
  Push(subscriber, Notice(Item::Kind::kUnsubscribed), tag);
}

void Notices::CaughtUp(Subscription& subscription, const Cursor& place) {
  Push(*subscription.subscriber, Notice(Item::Kind::kCaughtUp, place), subscription.tag);
}

void Notices::HasGap(Subscription& part, const Gap& gap) {
  Item item = Notice(Item::Kind::kGap, gap.to);
  ExtraOf(item).gap = gap;
  SetPlace(item, PlaceOf(part));
  Push(*part.subscriber, std::move(item), part.tag);
}

void Notices::Bookmark(Subscriber& subscriber, const Place& place, BookmarkNote note) {
  Item item = Notice(Item::Kind::kBookmark, place.ordinary);
  SetPlace(item, place);
  if (note.kind != 0) {
    ExtraOf(item).note = std::move(note);
  }
  subscriber.outbox.Push(std::move(item));
  writer_.Touch(subscriber);
}

void Notices::Ended(Subscriber& subscriber, SubscriptionTag tag, absl::Status status) {
  Item item = Notice(Item::Kind::kEnded);
  ExtraOf(item).status = std::move(status);
  Push(subscriber, std::move(item), tag);
}

void Notices::Push(Subscriber& subscriber, Item item, SubscriptionTag tag) {
  subscriber.outbox.Push(std::move(item), tag);
  writer_.Touch(subscriber);
}

}  // namespace tocsin
