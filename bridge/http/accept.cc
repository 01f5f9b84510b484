#include "bridge/http/accept.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "core/base/strings.h"

namespace tocsin::bridge {
namespace {

// How much a range fits `value`: 0 not, 1 as any, 2 as one of its kind, 3 by name.
int Fit(std::string_view range, std::string_view value) {
  if (absl::EqualsIgnoreCase(ToAbsl(range), ToAbsl(value))) {
    return 3;
  }
  const size_t slash = value.find('/');
  if (slash == std::string_view::npos) {
    return range == "*" ? 1 : 0;
  }
  const std::string kind = absl::StrCat(ToAbsl(value.substr(0, slash)), "/*");
  if (absl::EqualsIgnoreCase(ToAbsl(range), kind)) {
    return 2;
  }
  return range == "*/*" ? 1 : 0;
}

}  // namespace

AcceptRange ReadRange(std::string_view text) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(ToAbsl(text), absl::MaxSplits(';', 1));
  AcceptRange range{.value = std::string(absl::StripAsciiWhitespace(parts.first)),
                    .parameters = std::string(parts.second)};
  if (const auto quality = range.Parameter("q")) {
    double number = 0;
    range.quality = absl::SimpleAtod(*quality, &number) ? number : 1;
  }
  return range;
}

std::optional<std::string> AcceptRange::Parameter(std::string_view name) const {
  for (const absl::string_view part : absl::StrSplit(parameters, ';')) {
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(part, absl::MaxSplits('=', 1));
    if (absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(pair.first), ToAbsl(name))) {
      absl::string_view text = absl::StripAsciiWhitespace(pair.second);
      if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
        text = text.substr(1, text.size() - 2);
      }
      return std::string(text);
    }
  }
  return std::nullopt;
}

std::vector<AcceptRange> AcceptRanges(const http::HttpRequest& request, std::string_view name) {
  std::vector<AcceptRange> ranges;
  for (const http::Field& field : request.fields) {
    if (!absl::EqualsIgnoreCase(field.name, ToAbsl(name))) {
      continue;
    }
    for (const absl::string_view range : absl::StrSplit(field.value, ',', absl::SkipWhitespace())) {
      ranges.push_back(ReadRange(ToStd(range)));
    }
  }
  return ranges;
}

double Wanted(const std::vector<AcceptRange>& ranges, std::string_view value) {
  int closest = 0;
  double quality = 0;
  for (const AcceptRange& range : ranges) {
    if (const int fit = Fit(range.value, value); fit > closest) {
      closest = fit;
      quality = range.quality;
    }
  }
  return quality;
}

bool Names(const std::vector<AcceptRange>& ranges, std::string_view value) {
  return std::ranges::any_of(ranges, [&](const AcceptRange& range) {
    return absl::EqualsIgnoreCase(range.value, ToAbsl(value)) && range.quality > 0;
  });
}

}  // namespace tocsin::bridge
