#include "hub/incident_cache.h"

#include <utility>

#include "core/base/strings.h"

namespace tocsin::hub {
namespace {

// Parsed messages take about three times their encoded size; the rest is the entry itself.
size_t EstimatedBytes(const IncidentState& state) {
  const size_t history = state.history ? state.history->ByteSizeLong() : 0;
  return 3 * (state.core.ByteSizeLong() + history) + 512;
}

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
  const size_t bytes = EstimatedBytes(*state);
  auto [found, is_new] = entries_.try_emplace(state->core.id());
  if (!is_new) {
    bytes_ -= found->second->bytes;
    order_.erase(found->second);
  }
  order_.push_front({std::move(state), bytes});
  found->second = order_.begin();
  bytes_ += bytes;
  Shrink();
}

void IncidentCache::Shrink() {
  while (order_.size() > 1 && (order_.size() > bounds_.incidents || bytes_ > bounds_.bytes)) {
    bytes_ -= order_.back().bytes;
    entries_.erase(order_.back().state->core.id());
    order_.pop_back();
  }
}

}  // namespace tocsin::hub
