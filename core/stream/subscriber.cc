#include "core/stream/subscriber.h"

#include <algorithm>

#include "core/base/heap_bytes.h"
#include "core/event/limits.h"

namespace tocsin {
namespace {

// Sent items are given up in runs of about a write, so that each is moved once on average.
constexpr size_t kCompactAt = limits::kWriteEvents;

}  // namespace

size_t PendingBytes(const EventRecord& event) { return event.payload.size() + sizeof(Item); }

size_t CountForWrite(std::span<const Item> items, size_t max_events, size_t max_bytes) {
  size_t count = 0;
  size_t total = 0;
  while (count < items.size() && count < max_events) {
    const Item& item = items[count];
    const size_t size = item.event != nullptr ? PendingBytes(*item.event) : 0;
    if (count > 0 && total + size > max_bytes) {
      break;
    }
    total += size;
    ++count;
  }
  return count;
}

Subscription* Subscriber::Find(SubscriptionTag tag) {
  for (const auto& subscription : subscriptions) {
    if (subscription->tag == tag) {
      return subscription.get();
    }
  }
  return nullptr;
}

void Subscriber::Push(Item item, SubscriptionTag tag) {
  item.first_tag = static_cast<uint32_t>(tags.size());
  item.tag_count = 1;
  tags.push_back(tag);
  items.push_back(std::move(item));
}

void Subscriber::Push(Item item) { items.push_back(std::move(item)); }

size_t Subscriber::PushEvent(const EventPtr& event, SubscriptionTag tag) {
  if (pending() > 0 && items.back().event == event) {
    tags.push_back(tag);
    ++items.back().tag_count;
    return 0;
  }
  Push(Item{.kind = Item::Kind::kEvent, .event = event, .cursor = event->cursor, .extra = nullptr},
       tag);
  const size_t added = PendingBytes(*event);
  bytes += added;
  return added;
}

size_t Subscriber::batch_bytes() const { return HeapBytes(items) + HeapBytes(tags); }

void Subscriber::ReleaseBatch() {
  std::vector<Item>().swap(items);
  std::vector<SubscriptionTag>().swap(tags);
}

WriteView Subscriber::Next(size_t max_events, size_t max_bytes) const {
  const auto waiting = std::span(items).subspan(sent);
  return {.items = waiting.first(CountForWrite(waiting, max_events, max_bytes)), .tags = tags};
}

size_t Subscriber::Consume(size_t count) {
  size_t freed = 0;
  for (size_t i = sent; i < sent + count; ++i) {
    if (items[i].event != nullptr) {
      freed += PendingBytes(*items[i].event);
      items[i].event.reset();
    }
  }
  bytes -= freed;
  sent += count;
  if (sent == items.size()) {
    items.clear();
    tags.clear();
    sent = 0;
  } else if (sent >= kCompactAt && sent * 2 >= items.size()) {
    Compact();
  }
  return freed;
}

// A subscriber that always has a little waiting would otherwise keep what it was sent for ever.
void Subscriber::Compact() {
  items.erase(items.begin(), items.begin() + static_cast<ptrdiff_t>(sent));
  sent = 0;
  const auto tagged =
      std::find_if(items.begin(), items.end(), [](const Item& item) { return item.tag_count > 0; });
  const uint32_t first =
      tagged == items.end() ? static_cast<uint32_t>(tags.size()) : tagged->first_tag;
  tags.erase(tags.begin(), tags.begin() + first);
  for (auto item = tagged; item != items.end(); ++item) {
    item->first_tag -= item->tag_count > 0 ? first : 0;
  }
}

}  // namespace tocsin
