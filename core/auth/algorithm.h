// algorithm.h: the signatures that a token may have.
//
// Shape:   the four of the contract and no others: no key of ours ever has "none", EdDSA or a
//          longer hash, so that a token cannot ask for them.
// Threads: pure.
// Source:  docs/protocol.md, section 8; RFC 7518, section 3.1.
#pragma once

#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

namespace tocsin {

enum class Algorithm : uint8_t { kHs256, kRs256, kPs256, kEs256 };

inline constexpr std::string_view kAlgorithmNames[] = {"HS256", "RS256", "PS256", "ES256"};

inline std::string_view NameOf(Algorithm algorithm) {
  return kAlgorithmNames[static_cast<size_t>(algorithm)];
}

// Exactly as it is written: "hs256" is none.
inline std::optional<Algorithm> AlgorithmOf(std::string_view name) {
  for (size_t i = 0; i < std::size(kAlgorithmNames); ++i) {
    if (kAlgorithmNames[i] == name) {
      return static_cast<Algorithm>(i);
    }
  }
  return std::nullopt;
}

}  // namespace tocsin
