#include "bridge/graphql/input_words.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "bridge/graphql/enum_names.h"
#include "core/event/error.h"
#include "core/event/text.h"

namespace tocsin::bridge::graphql {
namespace {

namespace json = boost::json;

std::string SnakeCase(std::string_view name) {
  std::string snake;
  for (const char c : name) {
    if (absl::ascii_isupper(static_cast<unsigned char>(c))) snake += '_';
    snake += absl::ascii_tolower(static_cast<unsigned char>(c));
  }
  return snake;
}

json::value InContractWords(const TypeUse& type, const json::value& given) {
  const NamedType& named = type.innermost();
  if (given.is_array()) {
    json::array list;
    for (const json::value& item : given.get_array()) {
      list.push_back(InContractWords(type, item));
    }
    return list;
  }
  if (named.kind == NamedType::Kind::kInputObject && given.is_object()) {
    return InContractWords(named.input_fields, given.get_object());
  }
  if (named.kind == NamedType::Kind::kEnum && given.is_string()) {
    const std::string name = EnumPrefix(named.name) + given.get_string().c_str();
    return json::value(json::string_view(name));
  }
  return given;
}

// The code of the contract with GraphQL's clients for each row of the one table.
std::string_view CodeOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUnauthenticated:
    case ErrorCode::kUnauthorized:
    case ErrorCode::kForbidden:
    case ErrorCode::kRateLimitExceeded:
    case ErrorCode::kSubscriptionLimitExceeded:
    case ErrorCode::kServiceUnavailable:
    case ErrorCode::kInternal:
      return RowOf(code).name;
    case ErrorCode::kSlowConsumer:
      return RowOf(ErrorCode::kServiceUnavailable).name;
    case ErrorCode::kInvalidMessage:
    case ErrorCode::kInvalidFilter:
    case ErrorCode::kUnsupported:
    case ErrorCode::kNotFound:
    case ErrorCode::kCursorExpired:
    case ErrorCode::kConflict:
    case ErrorCode::kMessageTooLarge:
      return kBadUserInput;
  }
  return RowOf(ErrorCode::kInternal).name;
}

}  // namespace

json::object InContractWords(std::span<const InputValue> definitions, const json::object& given) {
  json::object words;
  for (const InputValue& definition : definitions) {
    if (const json::value* const value = given.if_contains(definition.name)) {
      words.emplace(SnakeCase(definition.name), InContractWords(*definition.type, *value));
    }
  }
  return words;
}

std::string InGraphqlWords(std::string_view path) {
  std::string words;
  bool capital = false;
  for (size_t i = 0; i < path.size(); ++i) {
    if (path.substr(i).starts_with("[\"")) {
      return words.append(path.substr(i));
    }
    if (path[i] == '_') {
      capital = true;
      continue;
    }
    words += capital ? absl::ascii_toupper(static_cast<unsigned char>(path[i])) : path[i];
    capital = false;
  }
  return words;
}

Error ErrorOf(const absl::Status& status, std::string_view path) {
  const ErrorDetails details = ErrorDetailsOf(status);
  const std::string field =
      details.field.empty() ? "" : JoinPath(path, InGraphqlWords(details.field));
  const ErrorRow& row = RowOf(ErrorCodeOf(status));
  Error error{.message = std::string(WithFieldNamed(status, field).message()),
              .code = CodeOf(row.code),
              .field = field};
  error.earliest = details.earliest;
  if (details.retry_after > absl::ZeroDuration()) {
    error.retry_after = details.retry_after;
  }
  if (error.code != row.name) {
    error.reason = row.name;
  }
  return error;
}

}  // namespace tocsin::bridge::graphql
