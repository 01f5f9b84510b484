#include "core/stream/memory_use.h"

namespace tocsin {
namespace {

constexpr std::array kFields = {&MemoryUse::subscribers,      &MemoryUse::subscriptions,
                                &MemoryUse::subscriber_bytes, &MemoryUse::subscription_bytes,
                                &MemoryUse::index_bytes,      &MemoryUse::batch_bytes,
                                &MemoryUse::run_bytes,        &MemoryUse::pending_bytes};
static_assert(sizeof(MemoryUse) == kFields.size() * sizeof(uint64_t), "a field is missing");

}  // namespace

MemoryUse& MemoryUse::operator+=(const MemoryUse& other) {
  for (const auto field : kFields) {
    this->*field += other.*field;
  }
  return *this;
}

void PublishedMemoryUse::Set(const MemoryUse& use) {
  static_assert(kFields.size() == std::tuple_size_v<decltype(values_)>);
  for (size_t i = 0; i < kFields.size(); ++i) {
    values_[i].store(use.*kFields[i], std::memory_order_relaxed);
  }
}

MemoryUse PublishedMemoryUse::Get() const {
  MemoryUse use;
  for (size_t i = 0; i < kFields.size(); ++i) {
    use.*kFields[i] = values_[i].load(std::memory_order_relaxed);
  }
  return use;
}

}  // namespace tocsin
