// memory_use.h: the memory that the subscribers of a shard hold.
//
// Shape:   bytes asked of the allocator, by purpose. Not counted: what the allocator rounds up,
//          what a transport holds for its peer, and what a CatchUp holds.
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
  uint64_t subscriber_bytes = 0;    // the peers and their table
  uint64_t subscription_bytes = 0;  // the subscriptions; of those in no index, also the filters
  uint64_t index_bytes = 0;         // the cohorts and their indexes, with the filters in them
  uint64_t batch_bytes = 0;         // the outboxes, without the events in them
  uint64_t run_bytes = 0;           // what a pass keeps for the next one
  // Events that wait in outboxes. Not in total(), because most are shared with other outboxes and
  // with the window.
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
