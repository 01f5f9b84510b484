#include "hub/incident_cache.h"

#include <utility>

#include "core/base/strings.h"

namespace tocsin::hub {
namespace {

// The entry itself: list, map, key.
constexpr size_t kEntryBytes = 256;

}  // namespace

IncidentPtr IncidentCache::Find(std::string_view id) {
  const auto found = entries_.find(ToAbsl(id));
  if (found == entries_.end()) {
    return nullptr;
  }
  order_.splice(order_.begin(), order_, found->second);
  return found->second->state;
}

void IncidentCache::Put(IncidentPtr state) {
  const size_t bytes = state->bytes() + kEntryBytes;
  auto [found, is_new] = entries_.try_emplace(state->id);
  if (!is_new) {
    bytes_ -= found->second->bytes;
    order_.erase(found->second);
  }
  order_.push_front({std::move(state), bytes});
  found->second = order_.begin();
  bytes_ += bytes;
  Shrink();
}

void IncidentCache::Erase(std::string_view id) {
  const auto found = entries_.find(ToAbsl(id));
  if (found != entries_.end()) {
    bytes_ -= found->second->bytes;
    order_.erase(found->second);
    entries_.erase(found);
  }
}

void IncidentCache::Shrink() {
  while (order_.size() > 1 && (order_.size() > bounds_.incidents || bytes_ > bounds_.bytes)) {
    bytes_ -= order_.back().bytes;
    entries_.erase(order_.back().state->id);
    order_.pop_back();
  }
}

}  // namespace tocsin::hub
