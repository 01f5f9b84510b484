#include "core/stream/subscriber.h"

#include <utility>

#include "core/base/heap_bytes.h"

namespace tocsin {

Subscriber& SubscriberTable::Add(Sink* sink, absl::Duration bookmark_interval) {
  auto subscriber = std::make_unique<Subscriber>();
  subscriber->id = next_id_++;
  subscriber->sink = sink;
  subscriber->bookmark_interval = bookmark_interval;
  Subscriber& added = *subscriber;
  by_id_.emplace(added.id, std::move(subscriber));
  return added;
}

void SubscriberTable::Remove(SubscriberId id) {
  by_id_.erase(id);
  ShrinkTableWhenSparse(by_id_);
}

std::vector<SubscriberId> SubscriberTable::Ids() const {
  std::vector<SubscriberId> ids;
  ids.reserve(by_id_.size());
  for (const auto& [id, subscriber] : by_id_) {
    ids.push_back(id);
  }
  return ids;
}

size_t SubscriberTable::table_bytes() const { return TableBytes(by_id_); }

}  // namespace tocsin
