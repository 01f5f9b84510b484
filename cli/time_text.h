// time_text.h: times as people read them: in their own zone (TZ, /etc/localtime), or in UTC.
//
// Threads: pure.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <string>

#include "absl/time/time.h"
#include "cli/command.h"

namespace tocsin::cli {

// The user's zone; UTC with --utc.
absl::TimeZone ZoneOf(const Globals& globals);

// "2026-01-02 04:04:05.678+01:00"; in a zone that is at UTC then: "2026-01-02 03:04:05.678Z".
std::string TimeText(absl::Time time, const absl::TimeZone& zone);
std::string TimeText(const google::protobuf::Timestamp& time, const absl::TimeZone& zone);

// How long ago, in at most seven characters: "42s", "5m", "2h13m", "3d04h", "120d".
std::string AgeText(absl::Duration age);

}  // namespace tocsin::cli
