#include "core/base/option_values.h"

#include <charconv>
#include <cstdint>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/strings.h"

namespace tocsin {
namespace {

struct Unit {
  const char* name;
  size_t bytes;
};
// The binary ones first, largest first: FormatBytes takes the first that divides.
constexpr Unit kUnits[] = {
    {"TiB", size_t{1} << 40},
    {"GiB", size_t{1} << 30},
    {"MiB", size_t{1} << 20},
    {"KiB", size_t{1} << 10},
    {"B", 1},
    {"TB", 1'000'000'000'000},
    {"GB", 1'000'000'000},
    {"MB", 1'000'000},
    {"KB", 1'000},
};

absl::Status Wrong(std::string_view text, std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("'", ToAbsl(text), "' is not ", ToAbsl(what)));
}

// A whole number of days; the rest is absl's.
bool ParseDays(std::string_view text, absl::Duration& duration) {
  int64_t days = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), days);
  if (error != std::errc() || std::string_view(end, text.data() + text.size() - end) != "d")
    return false;
  duration = absl::Hours(24) * days;
  return true;
}

}  // namespace

absl::StatusOr<size_t> ParseCount(std::string_view text) {
  size_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Wrong(text, "a whole number, such as 1000");
  }
  return count;
}

absl::StatusOr<size_t> ParseBytes(std::string_view text) {
  constexpr std::string_view kWanted = "a size in bytes, such as 65536, 64KiB, 8MiB or 2GiB";
  size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return Wrong(text, kWanted);
  const absl::string_view unit =
      absl::StripAsciiWhitespace(ToAbsl(text.substr(static_cast<size_t>(end - text.data()))));
  if (unit.empty()) return number;
  for (const Unit& known : kUnits) {
    if (!absl::EqualsIgnoreCase(unit, known.name)) continue;
    if (number > std::numeric_limits<size_t>::max() / known.bytes) return Wrong(text, kWanted);
    return number * known.bytes;
  }
  return Wrong(text, kWanted);
}

absl::StatusOr<absl::Duration> ParseDuration(std::string_view text) {
  absl::Duration duration;
  if (ParseDays(text, duration) || absl::ParseDuration(ToAbsl(text), &duration)) return duration;
  return Wrong(text, "a time with its unit, such as 100ms, 30s, 5m, 12h or 7d");
}

absl::StatusOr<bool> ParseBool(std::string_view text) {
  for (const char* yes : {"true", "yes", "on", "1"}) {
    if (absl::EqualsIgnoreCase(ToAbsl(text), yes)) return true;
  }
  for (const char* no : {"false", "no", "off", "0"}) {
    if (absl::EqualsIgnoreCase(ToAbsl(text), no)) return false;
  }
  return Wrong(text, "true or false");
}

std::string FormatBytes(size_t bytes) {
  if (bytes == 0) return "0B";
  for (const Unit& unit : kUnits) {
    if (bytes % unit.bytes == 0) return absl::StrCat(bytes / unit.bytes, unit.name);
  }
  return absl::StrCat(bytes, "B");
}

std::string FormatDurationText(absl::Duration duration) {
  const absl::Duration day = absl::Hours(24);
  if (duration >= day && duration % day == absl::ZeroDuration()) {
    return absl::StrCat(duration / day, "d");
  }
  return absl::FormatDuration(duration);
}

}  // namespace tocsin
