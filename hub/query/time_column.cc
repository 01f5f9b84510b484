#include "hub/query/time_column.h"

#include <algorithm>
#include <utility>

namespace tocsin::hub {

// A block is looked through only where the time that goes was one of its bounds.
void TimeColumn::Set(Slot slot, int64_t micros) {
  while (slot / kChunkSlots >= chunks_.size()) {
    chunks_.push_back(std::make_unique<Chunk>());
  }
  Chunk& chunk = *chunks_[slot / kChunkSlots];
  Bounds& bounds = chunk.bounds[slot % kChunkSlots / kBlockSlots];
  const int64_t before = std::exchange(chunk.times[slot % kChunkSlots], micros);
  if (before == bounds.least || before == bounds.greatest) {
    const auto begin = chunk.times.begin() + slot % kChunkSlots / kBlockSlots * kBlockSlots;
    const auto [least, greatest] = std::minmax_element(begin, begin + kBlockSlots);
    bounds = {*least, *greatest};
    return;
  }
  bounds.least = std::min(bounds.least, micros);
  bounds.greatest = std::max(bounds.greatest, micros);
}

}  // namespace tocsin::hub
