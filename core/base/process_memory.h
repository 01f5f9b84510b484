// process_memory.h: how much memory this process uses.
//
// Threads: safe.
// Errors:  what cannot be read is 0; no heap where the program is linked without jemalloc.
// Source:  docs/adr/0011-allocator.md
#pragma once

#include <cstdint>
#include <optional>

namespace tocsin {

// What jemalloc reports, in bytes.
struct HeapUse {
  uint64_t allocated = 0;  // asked for by the program, by size class
  uint64_t active = 0;     // pages that hold some of it
  uint64_t resident = 0;   // pages in memory, those kept for reuse and its own among them
};

// The resident bytes of the process, code included.
uint64_t ResidentBytes();
std::optional<HeapUse> ReadHeapUse();

}  // namespace tocsin
