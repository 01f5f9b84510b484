#include "bridge/http/query_parameters.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/hex.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/base/utf8.h"
#include "core/event/error.h"
#include "core/event/text.h"

namespace tocsin::bridge {
namespace {

// Nothing where a percent sign begins no byte or the bytes are not UTF-8.
std::optional<std::string> Decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' && plus_is_space ? ' ' : text[i];
      continue;
    }
    const std::optional<char> byte = PercentByte(text.substr(i));
    if (!byte.has_value()) {
      return std::nullopt;
    }
    out += *byte;
    i += 2;
  }
  return IsUtf8(out) ? std::optional(std::move(out)) : std::nullopt;
}

absl::StatusOr<http::Field> ReadParameter(absl::string_view part,
                                          const std::vector<std::string>& allowed,
                                          std::initializer_list<std::string_view> with_plus) {
  const std::pair<absl::string_view, absl::string_view> pair =
      absl::StrSplit(part, absl::MaxSplits('=', 1));
  std::optional<std::string> name = Decoded(ToStd(pair.first), true);
  if (!name.has_value()) {
    return WrongParameter(Quote(ToStd(pair.first)), "is not percent-encoded UTF-8", allowed);
  }
  std::optional<std::string> value =
      Decoded(ToStd(pair.second), std::ranges::find(with_plus, *name) == with_plus.end());
  if (!value.has_value()) {
    return WrongParameter(*name, "is not percent-encoded UTF-8");
  }
  return http::Field{*std::move(name), *std::move(value)};
}

}  // namespace

absl::StatusOr<std::vector<http::Field>> ReadQueryParameters(
    const http::HttpRequest& request, const std::vector<std::string>& allowed,
    std::initializer_list<std::string_view> with_plus) {
  std::vector<http::Field> parameters;
  for (absl::string_view part : absl::StrSplit(ToAbsl(request.query()), '&', absl::SkipEmpty())) {
    ASSIGN_OR_RETURN(http::Field parameter, ReadParameter(part, allowed, with_plus));
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

std::vector<std::string> ListValues(std::string_view text) {
  std::vector<std::string> values(1);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ',') {
      values.emplace_back();
    } else {
      const bool escaped =
          text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == ',' || text[i + 1] == '\\');
      values.back() += text[escaped ? ++i : i];
    }
  }
  return values;
}

absl::Status WrongParameter(std::string_view name, std::string_view problem,
                            std::vector<std::string> allowed) {
  return FieldError(ErrorCode::kInvalidMessage, name, problem, std::move(allowed));
}

absl::StatusOr<bool> OneOfTwo(const http::Field& parameter, const std::string& yes,
                              const std::string& no) {
  if (parameter.value != yes && parameter.value != no) {
    return WrongParameter(parameter.name, absl::StrCat("cannot be ", Quote(parameter.value)),
                          {yes, no});
  }
  return parameter.value == yes;
}

absl::StatusOr<uint32_t> WholeNumber(const http::Field& parameter, uint32_t least, uint32_t most) {
  const std::string& text = parameter.value;
  uint32_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || stop != text.data() + text.size() || number < least ||
      number > most) {
    return WrongParameter(parameter.name, absl::StrCat("cannot be ", Quote(text)),
                          {absl::StrCat("a whole number from ", least, " to ", most)});
  }
  return number;
}

}  // namespace tocsin::bridge
