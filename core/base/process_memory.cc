#include "core/base/process_memory.h"

#include <unistd.h>

#include <cstddef>
#include <fstream>

// Provided by jemalloc in programs that are linked with it; else null.
extern "C" __attribute__((weak)) int mallctl(const char* name, void* old_value, size_t* old_size,
                                             void* new_value, size_t new_size);

namespace tocsin {
namespace {

uint64_t Statistic(const char* name) {
  size_t value = 0;
  size_t size = sizeof(value);
  return mallctl(name, &value, &size, nullptr, 0) == 0 ? value : 0;
}

}  // namespace

uint64_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  uint64_t all = 0;
  uint64_t resident = 0;
  if (!(file >> all >> resident)) {
    return 0;
  }
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

std::optional<HeapUse> ReadHeapUse() {
  if (mallctl == nullptr) {
    return std::nullopt;
  }
  // jemalloc refreshes its statistics when its epoch is advanced.
  uint64_t epoch = 1;
  size_t size = sizeof(epoch);
  if (mallctl("epoch", &epoch, &size, &epoch, size) != 0) {
    return std::nullopt;
  }
  return HeapUse{.allocated = Statistic("stats.allocated"),
                 .active = Statistic("stats.active"),
                 .resident = Statistic("stats.resident")};
}

}  // namespace tocsin
