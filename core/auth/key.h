// key.h: a key that verifies the signatures of tokens, with the one algorithm that it is for.
//
// Shape:   the algorithm belongs to the key (RFC 8725, section 3.1): what a token says of its
//          algorithm is compared with it, and never chooses how a key is used. So a token that is
//          signed by HMAC with a public key for a secret finds no key.
// Threads: immutable; Verifies from any thread.
// Owns:    the key. It is in no text that this gives out.
// Errors:  a weak key is INVALID_ARGUMENT: a secret under 32 bytes or of few different ones, RSA
//          under 2048 bits, a curve other than P-256, a point that is not on it.
// Source:  RFC 7518, sections 3.2 to 3.5.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/auth/algorithm.h"
#include "core/base/openssl_ptr.h"

namespace tocsin {

class Key {
 public:
  // HS256 asks for as many as its hash has; a longer one than this is no secret but some file.
  static constexpr size_t kMinSecretBytes = 32;
  static constexpr size_t kMaxSecretBytes = 1'024;
  // Random bytes have some 30 different ones among 32, as hexadecimal digits 14. "aaaa…" has one.
  static constexpr size_t kMinDifferentBytes = 8;
  static constexpr int kMinRsaBits = 2'048;
  static constexpr int kMaxRsaBits = 8'192;  // a longer one makes each refusal expensive
  static constexpr size_t kMaxIdBytes = 128;
  static constexpr size_t kEs256Bytes = 64;  // of a signature: r and s

  // `id` is the `kid` that tokens name it by; empty where the key has none.
  static absl::StatusOr<Key> OfSecret(std::string_view secret, std::string_view id);
  static absl::StatusOr<Key> OfPublicKey(PkeyPtr key, Algorithm algorithm, std::string_view id);

  const std::string& id() const { return id_; }
  Algorithm algorithm() const { return algorithm_; }
  bool Verifies(std::string_view signed_text, std::string_view signature) const;

 private:
  Key(Algorithm algorithm, std::string_view id) : algorithm_(algorithm), id_(id) {}
  bool VerifiesMac(std::string_view signed_text, std::string_view signature) const;
  bool VerifiesPublic(std::string_view signed_text, std::string_view signature) const;

  Algorithm algorithm_;
  std::string id_;
  std::shared_ptr<const EVP_MAC_CTX> mac_;  // with the secret in it, copied for each signature
  std::shared_ptr<EVP_PKEY> public_key_;
};

// Whether a secret is long and varied enough for HS256.
absl::Status CheckSecret(std::string_view secret);
// Whether a public or private key suits the algorithm and is strong enough.
absl::Status CheckKey(const EVP_PKEY& key, Algorithm algorithm);
// What a key that does not say its algorithm is for; `rsa` of those keys that may have two. Nothing
// for kinds of keys that no algorithm here uses.
std::optional<Algorithm> AlgorithmFor(const EVP_PKEY& key, Algorithm rsa);
// Sets up a signature or its verification: SHA-256, and PSS with as much salt where it is asked.
bool UsePss(EVP_PKEY_CTX* context, Algorithm algorithm);

}  // namespace tocsin
