// key_set.h: the keys that tokens are verified with at one time.
//
// Shape:   made whole from the texts of files or of an address, and never changed: a set that
//          replaces it is another object. Each key has one algorithm. Secrets and public keys are
//          not together in one set, so that neither can be taken for the other.
// Threads: immutable; shared as KeySetPtr.
// Bounds:  keys, and bytes of a text. A token is tried with kMaxTries keys at most.
// Errors:  INVALID_ARGUMENT that names the file and what is wrong with it. What a JWK set holds
//          beside usable keys is passed over and told, as RFC 7517 asks (section 5): an identity
//          provider publishes keys for encryption, and kinds that we do not know. A set without a
//          usable key is an error.
// Source:  docs/protocol.md, section 8; RFC 8725, section 3.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/auth/algorithm.h"
#include "core/auth/key.h"
#include "core/auth/token_header.h"

namespace tocsin {

// What keys are read from.
struct KeyText {
  enum class Form { kSecret, kPem, kJwks };
  Form form;
  std::string name;  // the file's, or the address: for errors
  std::string text;
};

struct KeyRules {
  // RS256 or PS256: what an RSA key is for that does not say.
  Algorithm rsa = Algorithm::kRs256;
};

class KeySet;
using KeySetPtr = std::shared_ptr<const KeySet>;

class KeySet {
 public:
  // Large providers publish a dozen keys, each with a certificate of 2 KiB.
  static constexpr size_t kMaxKeys = 32;
  static constexpr size_t kMaxTextBytes = size_t{64} << 10;
  static constexpr size_t kMaxTries = 4;

  enum class Outcome {
    kVerified,
    kUnknownKey,      // no key has the token's kid
    kOtherAlgorithm,  // the key is for another algorithm than the token says
    kManyKeys,        // the token has no kid, and more keys than may be tried are for its algorithm
    kBadSignature,
  };

  static absl::StatusOr<KeySetPtr> Parse(std::span<const KeyText> texts, const KeyRules& rules);

  // A key without an id serves tokens of any kid, and a token without a kid is tried with every key
  // of its algorithm.
  Outcome Verify(const TokenHeader& header, std::string_view signed_text,
                 std::string_view signature) const;

  std::span<const Key> keys() const { return keys_; }
  // A sentence for each key of a JWK set that is not used.
  const std::vector<std::string>& passed_over() const { return passed_over_; }

 private:
  KeySet() = default;
  absl::Status Add(const KeyText& text, const KeyRules& rules);
  absl::Status CheckWhole() const;

  std::vector<Key> keys_;
  std::vector<std::string> passed_over_;
};

}  // namespace tocsin
