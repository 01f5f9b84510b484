#include "cli/token/claims.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "cli/flags.h"
#include "core/auth/token_claims.h"
#include "core/auth/token_verifier.h"
#include "core/base/closest.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/json_reader.h"
#include "core/event/json_writer.h"
#include "core/event/names.h"
#include "core/event/text.h"

namespace tocsin::cli {
namespace {

namespace json = boost::json;

absl::StatusOr<int64_t> SecondsOf(std::string_view flag, std::string_view text) {
  const std::optional<absl::Time> time = ParseRfc3339(text);
  if (!time || *time < absl::UnixEpoch()) {
    return absl::InvalidArgumentError(absl::StrCat(ToAbsl(flag), ": ", Quote(text),
                                                   " is no time; allowed: 2026-01-31T12:00:00Z"));
  }
  return absl::ToUnixSeconds(*time);
}

absl::StatusOr<int64_t> ExpiryOf(const ClaimFlags& flags, absl::Time now) {
  if (flags.expires_at.empty()) {
    const absl::Time end = now + flags.lasts;
    if (end > absl::FromUnixSeconds(TokenClaims::kMaxSeconds)) {
      return absl::InvalidArgumentError("--for is too long; allowed: until 2^53-1 s after 1970");
    }
    return absl::ToUnixSeconds(end);
  }
  ASSIGN_OR_RETURN(const int64_t seconds, SecondsOf("--expires-at", flags.expires_at));
  if (absl::FromUnixSeconds(seconds) <= now) {
    return absl::InvalidArgumentError("--expires-at has passed; allowed: a time to come");
  }
  return seconds;
}

absl::StatusOr<json::value> PublishOf(const std::vector<std::string>& types) {
  if (types == std::vector<std::string>{"all"}) return json::value(true);
  json::array list;
  for (const std::string& type : types) {
    const std::string name = absl::StrReplaceAll(type, {{"-", "_"}});
    const auto number = EnumNumber(*v1::EventType_descriptor(), name);
    if (!number) {
      std::vector<std::string> names = TypeNames();
      names.emplace_back("all");
      return absl::InvalidArgumentError(absl::StrCat(
          "--publish: ", Quote(type), " is unknown; allowed: ", absl::StrJoin(names, ", "),
          DidYouMean(type, names)));
    }
    list.emplace_back(std::string(EnumName(*v1::EventType_descriptor(), *number)));
  }
  return list;
}

absl::StatusOr<json::object> PermissionOf(const ClaimFlags& flags) {
  json::object permission;
  if (!flags.publish.empty()) {
    ASSIGN_OR_RETURN(permission["publish"], PublishOf(flags.publish));
  }
  ASSIGN_OR_RETURN(const v1::Filter filter, MakeFilter(flags.filter));
  if (filter.ByteSizeLong() > 0) {
    std::string text;
    AppendJsonFilter(text, filter);
    json::value value;
    RETURN_IF_ERROR(ParseJson(text, value));
    for (auto entry = value.get_object().begin(); entry != value.get_object().end();) {
      const json::value& given = entry->value();
      const bool none = given.is_null() || (given.is_array() && given.get_array().empty()) ||
                        (given.is_object() && given.get_object().empty()) || given == false;
      entry = none ? value.get_object().erase(entry) : entry + 1;
    }
    permission["subscribe"] = std::move(value);
  } else if (flags.subscribe) {
    permission["subscribe"] = true;
  }
  if (flags.admin) permission["admin"] = true;
  return permission;
}

// Puts the permission where the verifier looks for it.
void Place(std::string_view claim, json::object permission, json::object& claims) {
  if (!claim.starts_with('/')) {
    claims[claim] = std::move(permission);
    return;
  }
  json::object* at = &claims;
  std::vector<std::string> steps = absl::StrSplit(ToAbsl(claim.substr(1)), '/');
  for (std::string& step : steps) step = absl::StrReplaceAll(step, {{"~1", "/"}, {"~0", "~"}});
  for (size_t i = 0; i + 1 < steps.size(); ++i) {
    json::value& next = (*at)[steps[i]];
    if (!next.is_object()) next.emplace_object();
    at = &next.get_object();
  }
  (*at)[steps.back()] = std::move(permission);
}

}  // namespace

absl::StatusOr<std::string> MakeClaims(const ClaimFlags& flags, absl::Time now) {
  RETURN_IF_ERROR(CheckClaimName(flags.claim, "--claim"));
  json::object claims;
  claims["sub"] = flags.subject;
  if (!flags.issuer.empty()) claims["iss"] = flags.issuer;
  if (flags.audiences.size() == 1) claims["aud"] = flags.audiences.front();
  if (flags.audiences.size() > 1) {
    claims["aud"] = json::array(flags.audiences.begin(), flags.audiences.end());
  }
  if (!flags.id.empty()) claims["jti"] = flags.id;
  claims["iat"] = absl::ToUnixSeconds(now);
  if (!flags.not_before.empty()) {
    ASSIGN_OR_RETURN(claims["nbf"], SecondsOf("--not-before", flags.not_before));
  }
  ASSIGN_OR_RETURN(claims["exp"], ExpiryOf(flags, now));
  ASSIGN_OR_RETURN(json::object permission, PermissionOf(flags));
  Place(flags.claim, std::move(permission), claims);
  return json::serialize(claims);
}

}  // namespace tocsin::cli
