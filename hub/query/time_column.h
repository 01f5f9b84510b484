// time_column.h: a time for each place of the index, by which lists are ordered.
//
// Shape:   beside the times, the least and the greatest of each block of 64 places (a word of
//          SlotBits). So a list looks into the blocks only that can have one of its incidents.
// Threads: not thread-safe.
// Owns:    the times, in chunks: it grows without copying.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "hub/query/slot_set.h"

namespace tocsin::hub {

class TimeColumn {
 public:
  static constexpr size_t kBlockSlots = 64;

  // Of a block's times; they may be wider than the times are, where a place is free.
  struct Bounds {
    int64_t least = std::numeric_limits<int64_t>::max();
    int64_t greatest = std::numeric_limits<int64_t>::min();
  };

  void Set(Slot slot, int64_t micros);
  // Of a place that was set.
  int64_t operator[](Slot slot) const {
    return chunks_[slot / kChunkSlots]->times[slot % kChunkSlots];
  }
  // `block`: the number of a word of SlotBits, with a place that was set.
  std::span<const int64_t, kBlockSlots> Block(size_t block) const {
    return std::span<const int64_t, kBlockSlots>(
        chunks_[block / kChunkBlocks]->times.data() + block % kChunkBlocks * kBlockSlots,
        kBlockSlots);
  }
  const Bounds& BoundsOf(size_t block) const {
    return chunks_[block / kChunkBlocks]->bounds[block % kChunkBlocks];
  }
  size_t bytes() const { return chunks_.size() * sizeof(Chunk); }

 private:
  static constexpr size_t kChunkSlots = 4'096;
  static constexpr size_t kChunkBlocks = kChunkSlots / kBlockSlots;
  struct Chunk {
    std::array<int64_t, kChunkSlots> times;
    std::array<Bounds, kChunkBlocks> bounds;
  };

  std::vector<std::unique_ptr<Chunk>> chunks_;
};

}  // namespace tocsin::hub
