#include "bridge/http/json_request.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/base/utf8.h"
#include "core/event/error.h"
#include "core/event/text.h"

namespace tocsin::bridge {
namespace {

constexpr char kKeyField[] = "Idempotency-Key";
constexpr size_t kKeyChars = 255;

}  // namespace

std::string MediaType(const http::HttpRequest& request) {
  const std::string_view given = request.Header("Content-Type").value_or("");
  const absl::string_view type = ToAbsl(given.substr(0, given.find(';')));
  return absl::AsciiStrToLower(absl::StripAsciiWhitespace(type));
}

absl::Status CheckIsJson(const http::HttpRequest& request) {
  if (MediaType(request) == kJsonMediaType) {
    return absl::OkStatus();
  }
  return MakeError(ErrorCode::kUnsupported, "Content-Type: the body must be application/json",
                   {.field = "Content-Type", .allowed = {std::string(kJsonMediaType)}});
}

absl::Status CheckIdempotencyKey(std::string_view key, std::string_view field) {
  const size_t chars = IsUtf8(key) ? CharCount(key) : key.size();
  if (chars < 1 || chars > kKeyChars) {
    return FieldError(ErrorCode::kInvalidMessage, field, absl::StrCat("has ", chars, " characters"),
                      {absl::StrCat("1 to ", kKeyChars, " characters")});
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::string>> IdempotencyKey(const http::HttpRequest& request) {
  const std::optional<std::string_view> key = request.Header(kKeyField);
  if (!key.has_value()) {
    return std::nullopt;
  }
  const auto times = std::count_if(
      request.fields.begin(), request.fields.end(),
      [](const http::Field& field) { return absl::EqualsIgnoreCase(field.name, kKeyField); });
  if (times > 1) {
    return FieldError(ErrorCode::kInvalidMessage, kKeyField, "is given twice", {"one"});
  }
  RETURN_IF_ERROR(CheckIdempotencyKey(*key, kKeyField));
  return std::string(*key);
}

}  // namespace tocsin::bridge
