// pem.h: the public keys of a PEM file. Inside core/auth; others use key_set.h.
//
// Shape:   PUBLIC KEY, RSA PUBLIC KEY, several of them too, or one CERTIFICATE, of which the key
//          counts and not its dates. Text between them is passed over, as OpenSSL does.
// Threads: pure.
// Errors:  INVALID_ARGUMENT. A private key is refused: a server has no use for it. Of several
//          certificates it is unclear which one signs tokens.
// Source:  RFC 7468.
#pragma once

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "core/auth/algorithm.h"
#include "core/auth/key.h"

namespace tocsin {

// Appends to `keys`. `rsa`: what an RSA key is for.
absl::Status ReadPem(std::string_view text, Algorithm rsa, std::vector<Key>& keys);

}  // namespace tocsin
