#include "cli/since.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/option_values.h"
#include "core/base/strings.h"
#include "core/event/text.h"

namespace tocsin::cli {
namespace {

constexpr const char* kDayForms[] = {"%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S",
                                     "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"};
constexpr const char* kClockForms[] = {"%H:%M", "%H:%M:%S"};

// Abseil's own way from a civil time to a moment is an hour wrong in a zone of the C library
// (time_text.h) that has no summer time. The way back is right: so the offset is looked up.
bool ParseAs(const std::string& form, const std::string& text, const absl::TimeZone& zone,
             absl::Time& time) {
  std::string error;
  absl::Time as_utc;
  if (!absl::ParseTime(form, text, absl::UTCTimeZone(), &as_utc, &error)) return false;
  time = as_utc - absl::Seconds(zone.At(as_utc).offset);
  time = as_utc - absl::Seconds(zone.At(time).offset);  // the offset at that moment
  return true;
}

// The newest time not after `now` at which the clocks of the zone showed this.
bool ParseClock(const std::string& text, absl::Time now, const absl::TimeZone& zone,
                absl::Time& time) {
  for (const char* form : kClockForms) {
    for (const int days_ago : {0, 1}) {
      const absl::CivilDay day = absl::ToCivilDay(now, zone) - days_ago;
      const std::string whole = absl::StrCat(absl::FormatCivilTime(day), " ", text);
      if (ParseAs(absl::StrCat("%Y-%m-%d ", form), whole, zone, time) && time <= now) return true;
    }
  }
  return false;
}

}  // namespace

absl::StatusOr<absl::Time> ParseMoment(std::string_view text, absl::Time now,
                                       const absl::TimeZone& zone) {
  if (const auto moment = ParseRfc3339(text)) return *moment;
  if (const auto ago = ParseDuration(text); ago.ok() && *ago >= absl::ZeroDuration()) {
    return now - *ago;
  }
  const std::string given(text);
  absl::Time time;
  for (const char* form : kDayForms) {
    if (ParseAs(form, given, zone, time)) return time;
  }
  if (ParseClock(given, now, zone, time)) return time;
  return absl::InvalidArgumentError(
      absl::StrCat("'", given,
                   "' is no time; allowed: 1h (so long ago), 03:00, 2026-01-02, "
                   "'2026-01-02 03:00', 2026-01-02T03:00:00Z"));
}

}  // namespace tocsin::cli
