// rounds.h: how often a test with random input tries, where it tries often.
//
// Shape:   all of them; a fifth under ThreadSanitizer, which looks for another kind of fault: one
//          that it finds in few rounds, or in none. The verdicts are found by AddressSanitizer's
//          build and by the plain one.
#pragma once

#include <concepts>

#include "tests/core/sanitized.h"

namespace tocsin::testing {

template <std::integral T>
constexpr T Rounds(T count) {
#ifdef TOCSIN_THREAD_SANITIZED
  return count / 5;
#else
  return count;
#endif
}

}  // namespace tocsin::testing
