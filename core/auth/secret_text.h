// secret_text.h: the secret in the text of a file.
//
// Threads: pure.
// Errors:  INVALID_ARGUMENT for a text that is a key or a JWK set: HMAC with a public key for a
//          secret is what forgers hope for, and whoever mixes up two files is told so.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"

namespace tocsin {

// All of the text but a line's end at its end, which editors add. How good it is, CheckSecret says.
absl::StatusOr<std::string_view> SecretIn(std::string_view text);

}  // namespace tocsin
