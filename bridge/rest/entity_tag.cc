#include "bridge/rest/entity_tag.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/text.h"

namespace tocsin::bridge {
namespace {

constexpr char kIfMatch[] = "If-Match";

}  // namespace

std::string EntityTag(Sequence sequence) { return absl::StrCat("\"", sequence, "\""); }

absl::StatusOr<std::optional<Sequence>> IfMatch(const http::HttpRequest& request) {
  const std::optional<std::string_view> given = request.Header(kIfMatch);
  if (!given.has_value() || *given == "*") {
    return std::nullopt;
  }
  absl::string_view digits = ToAbsl(*given);
  Sequence sequence = 0;
  const bool quoted = absl::ConsumePrefix(&digits, "\"") && absl::ConsumeSuffix(&digits, "\"");
  if (!quoted || !absl::SimpleAtoi(digits, &sequence) || EntityTag(sequence) != *given) {
    return FieldError(ErrorCode::kInvalidMessage, kIfMatch,
                      absl::StrCat("cannot be ", Quote(*given)),
                      {"one ETag of the incident, such as \"17\" in quotes", "*"});
  }
  return sequence;
}

std::string KnownTags(const http::HttpRequest& request) {
  return std::string(request.Header("If-None-Match").value_or(""));
}

bool HasTag(std::string_view known_tags, std::string_view tag) {
  for (absl::string_view known : absl::StrSplit(ToAbsl(known_tags), ',')) {
    known = absl::StripAsciiWhitespace(known);
    absl::ConsumePrefix(&known, "W/");
    if (known == "*" || known == ToAbsl(tag)) {
      return true;
    }
  }
  return false;
}

}  // namespace tocsin::bridge
