// blocks_by_time.h: the blocks of places that a list ordered by time looks into, the one with the
// first time first.
//
// Shape:   a heap of those that have one of the given places. The list ends as soon as the first of
//          the others cannot have any of its incidents, so most are never looked into. Where many
//          can, because time tells nothing of the place, the order is given up, and the others
//          follow as they lie in memory.
// Threads: a value; places and times outlive it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "hub/query/incident_order.h"
#include "hub/query/slot_set.h"
#include "hub/query/time_column.h"

namespace tocsin::hub {

class BlocksByTime {
 public:
  // Only times of at most the rank `most` count.
  BlocksByTime(const SlotBits& among, const TimeColumn& times, IncidentOrdering ordering,
               int64_t most) {
    for (size_t block = 0; block < among.words().size(); ++block) {
      if (among.words()[block] == 0) {
        continue;
      }
      const TimeColumn::Bounds& bounds = times.BoundsOf(block);
      const int64_t first = ordering.Rank(ordering.ascending ? bounds.least : bounds.greatest);
      const int64_t last = ordering.Rank(ordering.ascending ? bounds.greatest : bounds.least);
      if (last <= most) {
        heap_.push_back({std::min(first, most), static_cast<uint32_t>(block)});
      }
    }
    std::make_heap(heap_.begin(), heap_.end());
  }

  // Nothing once no other block has a time of at least the rank `least`.
  std::optional<size_t> Next(int64_t least) {
    if (in_order_ == 0) {
      return NextInMemory(least);
    }
    if (heap_.empty() || heap_.front().first < least) {
      return std::nullopt;
    }
    std::pop_heap(heap_.begin(), heap_.end());
    const size_t block = heap_.back().block;
    heap_.pop_back();
    if (--in_order_ == 0) {
      std::sort(heap_.begin(), heap_.end(),
                [](const Block& a, const Block& b) { return a.block < b.block; });
    }
    return block;
  }

 private:
  struct Block {
    int64_t first;  // the rank of its first time
    uint32_t block;

    friend bool operator<(const Block& a, const Block& b) { return a.first < b.first; }
  };
  // Blocks that are taken off the heap before its order is given up.
  static constexpr size_t kInOrder = 1'024;

  std::optional<size_t> NextInMemory(int64_t least) {
    while (next_ < heap_.size()) {
      if (const Block& block = heap_[next_++]; block.first >= least) {
        return block.block;
      }
    }
    return std::nullopt;
  }

  std::vector<Block> heap_;
  size_t in_order_ = kInOrder;
  size_t next_ = 0;
};

}  // namespace tocsin::hub
