// memory_use.h: what the subscribers of a shard hold, counted as it comes and goes.
//
// Shape:   bytes that were asked of the allocator, by what they are for. Not in it: what the
//          allocator rounds up, what a transport holds for its peer, and what a CatchUp holds.
// Threads: MemoryUse is a value. PublishedMemoryUse is set by one thread and read by any; a reader
//          may see one field newer than another.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace tocsin {

struct MemoryUse {
  uint64_t subscribers = 0;
  uint64_t subscriptions = 0;
  // Bytes.
  uint64_t subscriber_bytes = 0;    // the peers and the table of them
  uint64_t subscription_bytes = 0;  // the subscriptions; where one is behind, with its filter
  uint64_t index_bytes = 0;         // of the live ones: filters, one for all who have it, and lists
  uint64_t batch_bytes = 0;         // batches: the places for items, without the events
  uint64_t run_bytes = 0;           // what a pass collects, kept for the next: no peer's own
  // Events that wait in batches. Not in total(): most are shared, with other batches and with the
  // window.
  uint64_t pending_bytes = 0;

  uint64_t total() const {
    return subscriber_bytes + subscription_bytes + index_bytes + batch_bytes + run_bytes;
  }
  MemoryUse& operator+=(const MemoryUse& other);
};

class PublishedMemoryUse {
 public:
  void Set(const MemoryUse& use);
  MemoryUse Get() const;

 private:
  std::array<std::atomic<uint64_t>, 8> values_{};
};

}  // namespace tocsin
