// token_header.h: what a token's header says, and what it may not say.
//
// Shape:   alg and kid choose among keys that are configured; typ says what the token is for. A
//          header that brings its own key or an address of one (jwk, jku, x5u, x5c), asks for what
//          must be understood (crit, and with it b64), or for encryption or compression (enc, zip)
//          is refused. Others, such as x5t, are passed over (RFC 7515, section 4).
// Threads: pure.
// Errors:  a refusal: kHeader, kAlgorithm, kType.
// Source:  RFC 7515, section 4.1; RFC 8725, section 3.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/auth/algorithm.h"

namespace tocsin {

struct TokenHeader {
  Algorithm algorithm;
  std::string kid;  // empty when there is none

  static absl::StatusOr<TokenHeader> Parse(std::string_view json);
};

}  // namespace tocsin
