#include "cli/token/token_text.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/event_text.h"
#include "cli/time_text.h"
#include "core/auth/compact_token.h"
#include "core/auth/permission.h"
#include "core/auth/token_claims.h"
#include "core/auth/token_json.h"
#include "core/auth/token_verifier.h"
#include "core/base/status_macros.h"
#include "core/event/json_fields.h"

namespace tocsin::cli {
namespace {

namespace json = boost::json;

struct Parts {
  json::value header;
  json::value claims;
};

absl::StatusOr<Parts> PartsOf(std::string_view token) {
  ASSIGN_OR_RETURN(const CompactToken text, CompactToken::Split(token));
  Parts parts;
  RETURN_IF_ERROR(ParseTokenJson(text.header, "header", Refusal::kHeader, parts.header));
  RETURN_IF_ERROR(ParseTokenJson(text.claims, "claims", Refusal::kClaims, parts.claims));
  return parts;
}

std::string ValueText(const json::value& value) {
  return Clean(value.is_string() ? std::string(ToView(value.get_string()))
                                 : json::serialize(value));
}

bool IsTime(std::string_view claim, const json::value& value) {
  return (claim == "exp" || claim == "nbf" || claim == "iat" || claim == "auth_time") &&
         value.is_int64() && value.get_int64() >= 0 &&
         value.get_int64() <= TokenClaims::kMaxSeconds;
}

void AppendLine(std::string& out, std::string_view name, std::string_view value) {
  out += absl::StrFormat("  %-14s %s\n", Clean(name), std::string(value));
}

std::string PermissionText(const json::value& claims, const std::string& claim) {
  const json::value* const value = FindClaim(claims, claim);
  if (value == nullptr) return absl::StrCat("nothing: there is no claim ", claim);
  const auto permission = Permission::Parse(*value, claim);
  return permission.ok() ? permission->Words()
                         : absl::StrCat("WRONG: ", permission.status().message());
}

}  // namespace

std::string WhenText(absl::Time time, absl::Time now, const absl::TimeZone& zone) {
  return time > now ? absl::StrCat(TimeText(time, zone), ", in ", AgeText(time - now))
                    : absl::StrCat(TimeText(time, zone), ", ", AgeText(now - time), " ago");
}

absl::StatusOr<std::string> TokenText(std::string_view token, const std::string& claim,
                                      absl::Time now, const absl::TimeZone& zone) {
  ASSIGN_OR_RETURN(const Parts parts, PartsOf(token));
  std::string out = "header\n";
  for (const auto& [name, value] : parts.header.get_object()) {
    AppendLine(out, std::string(name), ValueText(value));
  }
  out += "claims\n";
  for (const auto& [name, value] : parts.claims.get_object()) {
    std::string text = ValueText(value);
    if (IsTime(std::string(name), value)) {
      absl::StrAppend(&text, "  ", WhenText(absl::FromUnixSeconds(value.get_int64()), now, zone));
    }
    AppendLine(out, std::string(name), text);
  }
  absl::StrAppend(&out, "allows\n  ", Clean(PermissionText(parts.claims, claim)), "\n");
  return out;
}

absl::StatusOr<std::string> TokenJson(std::string_view token) {
  ASSIGN_OR_RETURN(Parts parts, PartsOf(token));
  return json::serialize(json::object{{"verified", false},
                                      {"header", std::move(parts.header)},
                                      {"claims", std::move(parts.claims)}});
}

}  // namespace tocsin::cli
