// compact_token.h: the three parts of a signed token, not verified yet.
//
// Shape:   header, claims and signature, decoded. Nothing of the claims is read before the
//          signature is verified.
// Threads: pure.
// Bounds:  kMaxBytes, before anything is looked at.
// Errors:  a refusal (refusal.h).
// Source:  RFC 7515, section 3.1 (the compact form).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace tocsin {

struct CompactToken {
  static constexpr size_t kMaxBytes = 4'096;  // docs/protocol.md, section 8

  std::string header;            // JSON
  std::string claims;            // JSON
  std::string_view signed_text;  // of the token's text, which outlives this
  std::string signature;

  static absl::StatusOr<CompactToken> Split(std::string_view token);
};

}  // namespace tocsin
