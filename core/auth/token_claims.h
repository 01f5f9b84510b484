// token_claims.h: the claims of a token whose signature has been verified.
//
// Shape:   sub and exp must be there. Times are whole seconds, written without fraction or
//          exponent, from 0 to 2^53-1, so that no two readers round them differently. aud is a text
//          or a list of texts.
// Threads: a value.
// Errors:  a refusal: kClaims, which names the claim.
// Source:  RFC 7519, section 4.1; RFC 7493, section 2.2 (numbers).
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tocsin {

struct TokenClaims {
  // Of sub, iss, jti and each of aud. sub stands in logs and lists, so it has no control characters.
  static constexpr size_t kMaxTextBytes = 255;
  static constexpr size_t kMaxAudiences = 64;
  static constexpr int64_t kMaxSeconds = (int64_t{1} << 53) - 1;

  std::string subject;
  std::string issuer;  // empty when there is none
  std::string id;      // jti; empty when there is none
  std::vector<std::string> audiences;
  absl::Time expires_at;
  std::optional<absl::Time> not_before;
  std::optional<absl::Time> issued_at;
  boost::json::value all;  // an object

  static absl::StatusOr<TokenClaims> Parse(std::string_view json);
};

}  // namespace tocsin
