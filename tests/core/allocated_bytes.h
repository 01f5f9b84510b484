// allocated_bytes.h: what this process has taken of the allocator and not given back, by the
// allocator's own count. Meant for differences; for threads of the test's own it may be short.
#pragma once

#include <malloc.h>

#include <cstddef>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TOCSIN_SANITIZER_COUNTS
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TOCSIN_SANITIZER_COUNTS
#endif

#ifdef TOCSIN_SANITIZER_COUNTS
extern "C" size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace tocsin::testing {

inline size_t AllocatedBytes() {
#ifdef TOCSIN_SANITIZER_COUNTS
  return __sanitizer_get_current_allocated_bytes();
#else
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
#endif
}

}  // namespace tocsin::testing
