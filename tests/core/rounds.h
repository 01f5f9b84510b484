// rounds.h: how often a test with random input tries, where it tries often.
//
// Shape:   all of them in a plain build; a fifth under a sanitizer, which takes some ten times as
//          long a round and looks for another kind of fault: one that it finds in few rounds, or in
//          none. The verdicts are the plain build's to find.
#pragma once

#include <concepts>

#include "tests/core/sanitized.h"

namespace tocsin::testing {

template <std::integral T>
constexpr T Rounds(T count) {
  return kSanitized ? count / 5 : count;
}

}  // namespace tocsin::testing
