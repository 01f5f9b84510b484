#include "core/auth/token_header.h"

#include <boost/json/value.hpp>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/auth/key.h"
#include "core/auth/refusal.h"
#include "core/auth/token_json.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/json_fields.h"

namespace tocsin {
namespace {

namespace json = boost::json;

constexpr std::string_view kRefused[] = {"crit", "b64", "zip", "enc", "jwk", "jku", "x5u", "x5c"};

absl::StatusOr<std::string_view> TextOf(const json::object& header, std::string_view name) {
  const json::value* const value = header.if_contains(name);
  if (value == nullptr || !value->is_string() || value->get_string().empty()) {
    return Refuse(Refusal::kHeader, absl::StrCat(ToAbsl(name), " is missing or no text"));
  }
  return ToView(value->get_string());
}

// An access token (RFC 9068), or a JWT that does not say more.
absl::Status CheckType(const json::object& header) {
  if (!header.contains("typ")) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::string_view text, TextOf(header, "typ"));
  std::string type = absl::AsciiStrToLower(ToAbsl(text));
  if (type == "jwt" || type == "at+jwt" || type == "application/at+jwt") {
    return absl::OkStatus();
  }
  return Refuse(Refusal::kType, "typ of the header; allowed: JWT, at+jwt");
}

}  // namespace

absl::StatusOr<TokenHeader> TokenHeader::Parse(std::string_view text) {
  json::value value;
  RETURN_IF_ERROR(ParseTokenJson(text, "header", Refusal::kHeader, value));
  const json::object& header = value.get_object();
  for (const std::string_view name : kRefused) {
    if (header.contains(name) && !Planted("header-says-how")) {
      return Refuse(Refusal::kHeader, absl::StrCat(ToAbsl(name), " is not allowed"));
    }
  }
  TokenHeader result;
  ASSIGN_OR_RETURN(const std::string_view alg, TextOf(header, "alg"));
  const std::optional<Algorithm> algorithm = AlgorithmOf(alg);
  if (!algorithm) {
    return Refuse(Refusal::kAlgorithm, "alg; allowed: HS256, RS256, PS256, ES256");
  }
  result.algorithm = *algorithm;
  if (header.contains("kid")) {
    ASSIGN_OR_RETURN(result.kid, TextOf(header, "kid"));
    if (result.kid.size() > Key::kMaxIdBytes) {
      return Refuse(Refusal::kHeader, absl::StrCat("kid has ", result.kid.size(),
                                                   " bytes; allowed: ", Key::kMaxIdBytes));
    }
  }
  RETURN_IF_ERROR(CheckType(header));
  return result;
}

}  // namespace tocsin
