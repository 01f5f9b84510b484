#include "core/stream/stretch.h"

#include <utility>

#include "core/base/heap_bytes.h"
#include "core/base/planted.h"
#include "core/event/wire.h"
#include "core/stream/outbox.h"

namespace tocsin {
namespace {

// Items without an event are dropped when they are more than half, and at least so many.
constexpr size_t kCompactAt = 256;

}  // namespace

void Stretch::Add(Item::Kind kind, const EventPtr& event, const Cursor& before) {
  if (empty()) {
    from_ = before;
  }
  if (const std::string_view id = EventIncidentId(event->payload); !id.empty()) {
    if (const auto older = newest_.find(id); older != newest_.end()) {
      if (Planted("latest-only-keeps-older")) return;
      Item& item = items_[older->second];
      newest_.erase(older);
      PassOver(item);
    }
    newest_.emplace(id, items_.size());
  }
  items_.push_back(Item{.kind = kind, .event = event, .cursor = event->cursor, .extra = nullptr});
  ++held_;
  bytes_ += PendingBytes(*event);
  if (items_.size() > 2 * held_ + kCompactAt) {
    Compact();
  }
}

void Stretch::PassOver(Item& item) {
  --held_;
  bytes_ -= PendingBytes(*item.event);
  ++passed_over_;
  item.event.reset();
  ++item.passed_over;
}

void Stretch::Compact() {
  size_t kept = 0;
  uint32_t passed_over = 0;
  for (Item& item : items_) {
    passed_over += item.passed_over;
    if (item.event == nullptr) {
      continue;
    }
    item.passed_over = std::exchange(passed_over, 0);
    if (const auto newest = newest_.find(EventIncidentId(item.event->payload));
        newest != newest_.end()) {
      newest->second = kept;
    }
    if (&items_[kept] != &item) {
      items_[kept] = std::move(item);
    }
    ++kept;
  }
  items_.erase(items_.begin() + static_cast<ptrdiff_t>(kept), items_.end());
}

std::vector<Item> Stretch::Take() {
  Compact();
  newest_ = {};
  held_ = bytes_ = passed_over_ = 0;
  return std::exchange(items_, {});
}

size_t Stretch::held_bytes() const { return HeapBytes(items_) + TableBytes(newest_); }

}  // namespace tocsin
