// signing_key.h: a key that makes tokens: for tocsin token create, and for tests.
//
// Threads: immutable.
// Owns:    the key.
// Errors:  INVALID_ARGUMENT: no key, an encrypted one, a weak one (as in key.h).
// Source:  RFC 7515, section 5.1.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/auth/algorithm.h"
#include "core/base/openssl_ptr.h"

namespace tocsin {

class SigningKey {
 public:
  static absl::StatusOr<SigningKey> OfSecret(std::string_view secret);
  // A private key in PEM. `rsa`: RS256 or PS256, what an RSA key signs with.
  static absl::StatusOr<SigningKey> OfPem(std::string_view text, Algorithm rsa);

  Algorithm algorithm() const { return algorithm_; }
  std::string Sign(std::string_view text) const;
  // The whole token, of a header and claims in JSON.
  std::string SignToken(std::string_view header, std::string_view claims) const;

 private:
  explicit SigningKey(Algorithm algorithm) : algorithm_(algorithm) {}
  std::string SignMac(std::string_view text) const;
  std::string SignPrivate(std::string_view text) const;

  Algorithm algorithm_;
  std::string secret_;
  std::shared_ptr<EVP_PKEY> private_key_;
};

}  // namespace tocsin
