// bearer.h: the token in the value of an Authorization field, of a request's head, of gRPC's
// metadata or of a message's payload alike.
//
// Threads: pure.
// Errors:  a refusal: kMissing for another scheme than Bearer (its credentials are not looked at),
//          kMalformed for a Bearer without one token.
// Source:  docs/protocol.md, section 8; RFC 6750, section 2.1 (the scheme in any letter case).
#pragma once

#include <string_view>

#include "absl/status/statusor.h"

namespace tocsin {

// A part of `value`.
absl::StatusOr<std::string_view> BearerToken(std::string_view value);

}  // namespace tocsin
