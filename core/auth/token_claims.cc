#include "core/auth/token_claims.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/auth/refusal.h"
#include "core/auth/token_json.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/json_fields.h"

namespace tocsin {
namespace {

namespace json = boost::json;

absl::Status Wrong(std::string_view claim, std::string_view problem) {
  return Refuse(Refusal::kClaims, absl::StrCat(ToAbsl(claim), " ", ToAbsl(problem)));
}

absl::StatusOr<std::string> ReadText(const json::value& value, std::string_view claim) {
  if (!value.is_string()) {
    return Wrong(claim, "is no text");
  }
  const std::string_view text = ToView(value.get_string());
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (text.empty() || text.size() > TokenClaims::kMaxTextBytes) {
    return Wrong(claim, absl::StrCat("has ", text.size(), " bytes; allowed: 1 to ",
                                     TokenClaims::kMaxTextBytes));
  }
  if (std::any_of(text.begin(), text.end(), is_control)) {
    return Wrong(claim, "has control characters");
  }
  return std::string(text);
}

absl::StatusOr<std::string> OptionalText(const json::object& all, std::string_view claim) {
  const json::value* const value = all.if_contains(claim);
  return value == nullptr ? absl::StatusOr<std::string>("") : ReadText(*value, claim);
}

absl::StatusOr<std::optional<absl::Time>> ReadTime(const json::object& all,
                                                   std::string_view claim) {
  const json::value* const value = all.if_contains(claim);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (!value->is_int64() || value->get_int64() < 0 ||
      value->get_int64() > TokenClaims::kMaxSeconds) {
    return Wrong(claim, "is no whole number of seconds from 0 to 2^53-1");
  }
  return absl::FromUnixSeconds(value->get_int64());
}

absl::StatusOr<std::vector<std::string>> ReadAudiences(const json::object& all) {
  std::vector<std::string> audiences;
  const json::value* const value = all.if_contains("aud");
  if (value == nullptr) {
    return audiences;
  }
  if (!value->is_array()) {
    ASSIGN_OR_RETURN(std::string one, ReadText(*value, "aud"));
    audiences.push_back(std::move(one));
    return audiences;
  }
  if (value->get_array().size() > TokenClaims::kMaxAudiences) {
    return Wrong("aud", absl::StrCat("has more than ", TokenClaims::kMaxAudiences, " values"));
  }
  for (const json::value& each : value->get_array()) {
    ASSIGN_OR_RETURN(std::string one, ReadText(each, "aud"));
    audiences.push_back(std::move(one));
  }
  return audiences;
}

}  // namespace

absl::StatusOr<TokenClaims> TokenClaims::Parse(std::string_view text) {
  TokenClaims claims;
  RETURN_IF_ERROR(ParseTokenJson(text, "claims", Refusal::kClaims, claims.all));
  const json::object& all = claims.all.get_object();
  ASSIGN_OR_RETURN(claims.subject, OptionalText(all, "sub"));
  if (claims.subject.empty()) {
    return Wrong("sub", "is missing");
  }
  ASSIGN_OR_RETURN(claims.issuer, OptionalText(all, "iss"));
  ASSIGN_OR_RETURN(claims.id, OptionalText(all, "jti"));
  ASSIGN_OR_RETURN(claims.audiences, ReadAudiences(all));
  ASSIGN_OR_RETURN(const std::optional<absl::Time> expires_at, ReadTime(all, "exp"));
  if (!expires_at) {
    return Wrong("exp", "is missing");
  }
  claims.expires_at = *expires_at;
  ASSIGN_OR_RETURN(claims.not_before, ReadTime(all, "nbf"));
  ASSIGN_OR_RETURN(claims.issued_at, ReadTime(all, "iat"));
  return claims;
}

}  // namespace tocsin
