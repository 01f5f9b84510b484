// token_verifier.h: decides whether a token is good, and for whom and what.
//
// Shape:   text → subject. First the signature, by a key that is configured; only then are the
//          claims read at all. A token without the permission claim is good and may do nothing.
// Threads: Verify from any thread; the set of keys may be replaced meanwhile.
// Owns:    nothing; keys and clock outlive it.
// Errors:  a refusal (refusal.h).
// Source:  docs/protocol.md, section 8; RFC 8725; RFC 7519.
#pragma once

#include <boost/json/fwd.hpp>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/auth/key_set.h"
#include "core/auth/key_source.h"
#include "core/auth/subject.h"
#include "core/auth/token_rules.h"
#include "core/base/clock.h"

namespace tocsin {

struct TokenClaims;

// Whether a path in TokenRules::permission_claim is well-formed; `flag` names it in the error.
absl::Status CheckClaimName(std::string_view claim, std::string_view flag);

// The claim of that name or path in an object; nullptr where there is none.
const boost::json::value* FindClaim(const boost::json::value& claims, std::string_view claim);

class TokenVerifier {
 public:
  TokenVerifier(TokenRules rules, KeySource& keys, Clock& clock);

  absl::StatusOr<Subject> Verify(std::string_view token) const;

  const TokenRules& rules() const { return rules_; }

 private:
  absl::Status VerifySignature(std::string_view token, TokenClaims& claims) const;
  absl::Status CheckTimes(const TokenClaims& claims) const;
  absl::Status CheckParties(const TokenClaims& claims) const;

  const TokenRules rules_;
  KeySource& keys_;
  Clock& clock_;
};

}  // namespace tocsin
