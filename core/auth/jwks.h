// jwks.h: the keys of a JWK set. Inside core/auth; others use key_set.h.
//
// Shape:   {"keys":[…]}, in strict JSON. A key says with `alg` what it is for; an RSA key that
//          does not is for `rsa`. What is not for us (use "enc", key_ops without "verify", other
//          kinds, curves and algorithms), is weak, is damaged, holds a private part, or has the kid
//          of a key before it, is passed over. Certificates in it (x5c) are not looked at.
// Threads: pure.
// Bounds:  kMaxListedKeys, usable or not.
// Errors:  INVALID_ARGUMENT: not such a JSON, too many keys, or without a usable key.
// Source:  RFC 7517; RFC 7518, section 6.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "core/auth/algorithm.h"
#include "core/auth/key.h"

namespace tocsin {

inline constexpr size_t kMaxListedKeys = 64;

// Appends to `keys`, and to `passed_over` a sentence for each key that is not used.
absl::Status ReadJwks(std::string_view text, Algorithm rsa, std::vector<Key>& keys,
                      std::vector<std::string>& passed_over);

}  // namespace tocsin
