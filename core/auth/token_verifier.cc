#include "core/auth/token_verifier.h"

#include <algorithm>
#include <boost/json/value.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "core/auth/compact_token.h"
#include "core/auth/refusal.h"
#include "core/auth/token_claims.h"
#include "core/auth/token_header.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/json_fields.h"

namespace tocsin {
namespace {

namespace json = boost::json;

bool IsIn(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The operator is told the field and what is allowed there, and not what stands there.
absl::StatusOr<Permission> PermissionOf(const TokenClaims& claims, const std::string& claim) {
  const json::value* const value = FindClaim(claims.all, claim);
  if (value == nullptr) {
    return Permission();
  }
  absl::StatusOr<Permission> permission = Permission::Parse(*value, claim);
  if (!permission.ok()) {
    const ErrorDetails details = ErrorDetailsOf(permission.status());
    return Refuse(
        Refusal::kPermission,
        absl::StrCat(details.field, " is wrong; allowed: ", absl::StrJoin(details.allowed, ", ")));
  }
  return permission;
}

// Identity providers sign ID and refresh tokens with the same keys as access tokens, and some say
// which it is only here: Keycloak by `typ`, Amazon Cognito by `token_use`.
absl::Status CheckPurpose(const TokenClaims& claims) {
  const json::object& all = claims.all.get_object();
  const auto is = [&](std::string_view claim, std::string_view text) {
    const json::value* const value = all.if_contains(claim);
    return value != nullptr && value->is_string() && ToView(value->get_string()) == text;
  };
  for (const std::string_view type : {"ID", "Refresh", "Offline", "Logout"}) {
    if (is("typ", type) && !Planted("id-token-accepted")) {
      return Refuse(Refusal::kType, absl::StrCat("the claim typ is ", ToAbsl(type)));
    }
  }
  return is("token_use", "id") ? Refuse(Refusal::kType, "the claim token_use is id")
                               : absl::OkStatus();
}

absl::Status Refused(KeySet::Outcome outcome, KeySource& keys) {
  switch (outcome) {
    case KeySet::Outcome::kVerified:
      return absl::OkStatus();
    case KeySet::Outcome::kUnknownKey:
      if (keys.Seek() == KeySource::Sought::kUnderWay) {
        return Refuse(Refusal::kKeysAway, "no key has its kid; the keys are being read again");
      }
      return Refuse(Refusal::kUnknownKey, "no key has its kid");
    case KeySet::Outcome::kOtherAlgorithm:
      return Planted("algorithm-not-checked")
                 ? absl::OkStatus()
                 : Refuse(Refusal::kAlgorithm, "its alg is another than its key's");
    case KeySet::Outcome::kManyKeys:
      return Refuse(Refusal::kUnknownKey, "it has no kid, and too many keys could be its own");
    case KeySet::Outcome::kBadSignature:
      break;
  }
  return Planted("signature-not-checked")
             ? absl::OkStatus()
             : Refuse(Refusal::kSignature, "it was not signed with this key, or changed since");
}

}  // namespace

absl::Status CheckClaimName(std::string_view claim, std::string_view flag) {
  if (claim.empty() || claim == "/") {
    return absl::InvalidArgumentError(
        absl::StrCat(ToAbsl(flag),
                     " is empty; allowed: a claim's name, or a path such as "
                     "/resource_access/tocsin"));
  }
  return absl::OkStatus();
}

const json::value* FindClaim(const json::value& claims, std::string_view claim) {
  if (!claim.starts_with('/')) {
    return claims.get_object().if_contains(claim);
  }
  const json::value* value = &claims;
  for (const absl::string_view step : absl::StrSplit(ToAbsl(claim.substr(1)), '/')) {
    const std::string name = absl::StrReplaceAll(step, {{"~1", "/"}, {"~0", "~"}});
    const json::object* const object = value->if_object();
    value = object == nullptr ? nullptr : object->if_contains(name);
    if (value == nullptr) {
      return nullptr;
    }
  }
  return value;
}

TokenVerifier::TokenVerifier(TokenRules rules, KeySource& keys, Clock& clock)
    : rules_(std::move(rules)), keys_(keys), clock_(clock) {}

absl::StatusOr<Subject> TokenVerifier::Verify(std::string_view token) const {
  TokenClaims claims;
  RETURN_IF_ERROR(VerifySignature(token, claims));
  RETURN_IF_ERROR(CheckTimes(claims));
  RETURN_IF_ERROR(CheckParties(claims));
  RETURN_IF_ERROR(CheckPurpose(claims));
  ASSIGN_OR_RETURN(Permission permission, PermissionOf(claims, rules_.permission_claim));
  return Subject{.name = std::move(claims.subject),
                 .issuer = std::move(claims.issuer),
                 .token_id = std::move(claims.id),
                 .expires_at = claims.expires_at,
                 .permission = std::move(permission)};
}

absl::Status TokenVerifier::VerifySignature(std::string_view token, TokenClaims& claims) const {
  ASSIGN_OR_RETURN(const CompactToken parts, CompactToken::Split(token));
  ASSIGN_OR_RETURN(const TokenHeader header, TokenHeader::Parse(parts.header));
  const KeySetPtr keys = keys_.Keys();
  if (keys == nullptr) {
    return Refuse(Refusal::kKeysAway, "the keys have been out of reach for too long");
  }
  RETURN_IF_ERROR(Refused(keys->Verify(header, parts.signed_text, parts.signature), keys_));
  ASSIGN_OR_RETURN(claims, TokenClaims::Parse(parts.claims));
  return absl::OkStatus();
}

absl::Status TokenVerifier::CheckTimes(const TokenClaims& claims) const {
  const absl::Time now = clock_.Now();
  if (now >= claims.expires_at + rules_.leeway && !Planted("exp-not-checked")) {
    return Refuse(Refusal::kExpired,
                  absl::StrCat("exp was ", absl::FormatDuration(now - claims.expires_at), " ago"));
  }
  for (const std::optional<absl::Time>& from : {claims.not_before, claims.issued_at}) {
    if (from && now < *from - rules_.leeway && !Planted("not-before-not-checked")) {
      return Refuse(Refusal::kNotYetValid,
                    absl::StrCat("nbf or iat is ", absl::FormatDuration(*from - now), " ahead"));
    }
  }
  return absl::OkStatus();
}

absl::Status TokenVerifier::CheckParties(const TokenClaims& claims) const {
  if (!rules_.issuers.empty() && !IsIn(rules_.issuers, claims.issuer) &&
      !Planted("issuer-not-checked")) {
    return Refuse(Refusal::kIssuer,
                  absl::StrCat("iss; allowed: ", absl::StrJoin(rules_.issuers, ", ")));
  }
  const auto is_ours = [&](const std::string& name) { return IsIn(rules_.audiences, name); };
  if (!rules_.audiences.empty() && !Planted("audience-not-checked") &&
      std::none_of(claims.audiences.begin(), claims.audiences.end(), is_ours)) {
    return Refuse(Refusal::kAudience,
                  absl::StrCat("aud; allowed: ", absl::StrJoin(rules_.audiences, ", ")));
  }
  return absl::OkStatus();
}

}  // namespace tocsin
