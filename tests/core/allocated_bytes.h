// allocated_bytes.h: what this process has taken of the allocator and not given back, by the
// allocator's own count. Meant for differences; for threads of the test's own it may be short.
#pragma once

#include <malloc.h>

#include <cstddef>

#include "tests/core/sanitized.h"

#ifdef TOCSIN_SANITIZED
extern "C" size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace tocsin::testing {

inline size_t AllocatedBytes() {
#ifdef TOCSIN_SANITIZED
  return __sanitizer_get_current_allocated_bytes();
#else
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
#endif
}

}  // namespace tocsin::testing
