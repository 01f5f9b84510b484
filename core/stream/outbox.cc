#include "core/stream/outbox.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "core/base/heap_bytes.h"
#include "core/event/limits.h"

namespace tocsin {
namespace {

// Sent items are erased about a write's worth at a time, so that each item is moved about once.
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

size_t Outbox::held_bytes() const { return HeapBytes(items_) + HeapBytes(tags_); }

void Outbox::Release() {
  std::vector<Item>().swap(items_);
  std::vector<SubscriptionTag>().swap(tags_);
}

bool Outbox::EndsWith(const EventPtr& event) const {
  return pending() > 0 && items_.back().event == event;
}

void Outbox::Push(Item item, SubscriptionTag tag) {
  item.first_tag = static_cast<uint32_t>(tags_.size());
  item.tag_count = 1;
  tags_.push_back(tag);
  bytes_ += item.event != nullptr ? PendingBytes(*item.event) : 0;
  items_.push_back(std::move(item));
}

void Outbox::Push(Item item) { items_.push_back(std::move(item)); }

void Outbox::PushEvent(Item::Kind kind, const EventPtr& event, SubscriptionTag tag) {
  const bool same = EndsWith(event) && items_.back().kind == kind;
  if (same && items_.back().passed_over == 0 && items_.back().extra == nullptr) {
    tags_.push_back(tag);
    ++items_.back().tag_count;
    return;
  }
  Push(Item{.kind = kind, .event = event, .cursor = event->cursor, .extra = nullptr}, tag);
}

void Outbox::PushEventAt(const Place& place, Item::Kind kind, const EventPtr& event,
                         SubscriptionTag tag) {
  if (place == Place(event->cursor)) {
    return PushEvent(kind, event, tag);
  }
  auto extra = std::make_unique<ItemExtra>();
  extra->place = place;
  Push(Item{.kind = kind, .event = event, .cursor = event->cursor, .extra = std::move(extra)}, tag);
}

WriteView Outbox::Next(size_t max_events, size_t max_bytes) const {
  const auto waiting = std::span(items_).subspan(sent_);
  return {.items = waiting.first(CountForWrite(waiting, max_events, max_bytes)), .tags = tags_};
}

void Outbox::Consume(size_t count) {
  for (size_t i = sent_; i < sent_ + count; ++i) {
    if (items_[i].event != nullptr) {
      bytes_ -= PendingBytes(*items_[i].event);
      items_[i].event.reset();
    }
  }
  sent_ += count;
  if (sent_ == items_.size()) {
    items_.clear();
    tags_.clear();
    sent_ = 0;
  } else if (sent_ >= kCompactAt && sent_ * 2 >= items_.size()) {
    Compact();
  }
}

// Without this, an outbox in which something always waits would keep its sent items for ever.
void Outbox::Compact() {
  items_.erase(items_.begin(), items_.begin() + static_cast<ptrdiff_t>(sent_));
  sent_ = 0;
  const auto tagged = std::find_if(items_.begin(), items_.end(),
                                   [](const Item& item) { return item.tag_count > 0; });
  const uint32_t first =
      tagged == items_.end() ? static_cast<uint32_t>(tags_.size()) : tagged->first_tag;
  tags_.erase(tags_.begin(), tags_.begin() + first);
  for (auto item = tagged; item != items_.end(); ++item) {
    item->first_tag -= item->tag_count > 0 ? first : 0;
  }
}

}  // namespace tocsin
