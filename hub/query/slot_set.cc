#include "hub/query/slot_set.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace tocsin::hub {
namespace {

// A list takes 4 bytes a member, bits an eighth of a byte a place. A list is short enough to be
// searched in any case.
constexpr size_t kSlotsAMember = 32;
constexpr size_t kShortList = 64;

bool BitsTakeLess(size_t members, size_t slots) {
  return members > kShortList && members * kSlotsAMember > slots;
}

}  // namespace

void SlotBits::Add(Slot slot) {
  if (slot / 64 >= words_.size()) {
    words_.resize(slot / 64 + 1);
  }
  words_[slot / 64] |= uint64_t{1} << slot % 64;
}

void SlotBits::Remove(Slot slot) {
  if (slot / 64 < words_.size()) {
    words_[slot / 64] &= ~(uint64_t{1} << slot % 64);
  }
}

void SlotBits::Unite(const SlotBits& other) {
  words_.resize(std::max(words_.size(), other.words_.size()));
  for (size_t i = 0; i < other.words_.size(); ++i) {
    words_[i] |= other.words_[i];
  }
}

void SlotBits::Intersect(const SlotBits& other) {
  words_.resize(std::min(words_.size(), other.words_.size()));
  for (size_t i = 0; i < words_.size(); ++i) {
    words_[i] &= other.words_[i];
  }
}

size_t SlotBits::Count() const {
  size_t count = 0;
  for (const uint64_t word : words_) {
    count += static_cast<size_t>(std::popcount(word));
  }
  return count;
}

void SlotSet::Add(Slot slot, size_t slots) {
  if (bits_ != nullptr) {
    bits_->bits.Add(slot);
    ++bits_->count;
    return;
  }
  list_.push_back(slot);
  if (BitsTakeLess(list_.size(), slots)) {
    auto bits = std::make_unique<Bits>();
    UniteInto(bits->bits);
    bits->count = list_.size();
    list_ = {};
    bits_ = std::move(bits);
  }
}

void SlotSet::Remove(Slot slot, size_t slots) {
  if (bits_ == nullptr) {
    const auto found = std::find(list_.begin(), list_.end(), slot);
    TOCSIN_CHECK(found != list_.end());
    *found = list_.back();
    list_.pop_back();
    return;
  }
  bits_->bits.Remove(slot);
  // Half of the bound, so that a set does not go to and fro.
  if (--bits_->count <= kShortList / 2 || !BitsTakeLess(bits_->count * 2, slots)) {
    bits_->bits.ForEach([&](Slot member) { list_.push_back(member); });
    bits_ = nullptr;
  }
}

void SlotSet::UniteInto(SlotBits& bits) const {
  if (bits_ != nullptr) {
    bits.Unite(bits_->bits);
    return;
  }
  for (const Slot slot : list_) {
    bits.Add(slot);
  }
}

size_t SlotSet::bytes() const {
  const size_t list = list_.capacity() > 4 ? list_.capacity() * sizeof(Slot) : 0;
  return list + (bits_ != nullptr ? sizeof(Bits) + bits_->bits.bytes() : 0);
}

}  // namespace tocsin::hub
