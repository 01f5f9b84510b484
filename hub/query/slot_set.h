// slot_set.h: sets of the places that incidents have in the index.
//
// Shape:   SlotBits is a bit for each place: what a query computes with. SlotSet is what the index
//          keeps for each value: a short list, or bits once they take less (one place in 32).
// Threads: not thread-safe.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/container/inlined_vector.h"

namespace tocsin::hub {

using Slot = uint32_t;

class SlotBits {
 public:
  bool Has(Slot slot) const {
    return slot / 64 < words_.size() && (words_[slot / 64] >> slot % 64 & 1) != 0;
  }
  void Add(Slot slot);
  void Remove(Slot slot);
  // This becomes what is in either, or in both.
  void Unite(const SlotBits& other);
  void Intersect(const SlotBits& other);

  size_t Count() const;
  // A bit for each place, 64 places a word.
  std::span<const uint64_t> words() const { return words_; }
  size_t bytes() const { return words_.capacity() * sizeof(uint64_t); }

  // In the order of the places.
  template <class Take>
  void ForEach(Take take) const {
    for (size_t word = 0; word < words_.size(); ++word) {
      for (uint64_t left = words_[word]; left != 0; left &= left - 1) {
        take(static_cast<Slot>(word * 64 + static_cast<size_t>(std::countr_zero(left))));
      }
    }
  }

 private:
  std::vector<uint64_t> words_;
};

class SlotSet {
 public:
  // `slots`: how many places the index has. The place must not be in the set, and must be in it.
  void Add(Slot slot, size_t slots);
  void Remove(Slot slot, size_t slots);
  void UniteInto(SlotBits& bits) const;

  bool empty() const { return bits_ == nullptr && list_.empty(); }
  // Beside its own object.
  size_t bytes() const;

 private:
  struct Bits {
    SlotBits bits;
    size_t count = 0;
  };

  absl::InlinedVector<Slot, 4> list_;  // in no order
  std::unique_ptr<Bits> bits_;
};

}  // namespace tocsin::hub
