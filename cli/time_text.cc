#include "cli/time_text.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/event/time_proto.h"

namespace tocsin::cli {

// The C library's: it knows every form of TZ, also where no zone files are installed.
absl::TimeZone ZoneOf(const Globals& globals) {
  absl::TimeZone zone = absl::UTCTimeZone();
  if (!globals.utc && !absl::LoadTimeZone("libc:localtime", &zone)) zone = absl::LocalTimeZone();
  return zone;
}

std::string TimeText(absl::Time time, const absl::TimeZone& zone) {
  const bool at_utc = zone.At(time).offset == 0;
  return absl::FormatTime(at_utc ? "%Y-%m-%d %H:%M:%E3SZ" : "%Y-%m-%d %H:%M:%E3S%Ez", time, zone);
}

std::string TimeText(const google::protobuf::Timestamp& time, const absl::TimeZone& zone) {
  return TimeText(ToTime(time), zone);
}

std::string AgeText(absl::Duration age) {
  const int64_t seconds = std::max<int64_t>(0, absl::ToInt64Seconds(age));
  const int64_t minutes = seconds / 60;
  const int64_t hours = minutes / 60;
  const int64_t days = hours / 24;
  if (minutes == 0) return absl::StrCat(seconds, "s");
  if (hours == 0) return absl::StrCat(minutes, "m");
  if (days == 0) return absl::StrFormat("%dh%02dm", hours, minutes % 60);
  return days < 100 ? absl::StrFormat("%dd%02dh", days, hours % 24) : absl::StrCat(days, "d");
}

}  // namespace tocsin::cli
