// since.h: a moment as people give it on the command line.
//
// Threads: pure.
// Errors:  INVALID_ARGUMENT with what is allowed.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tocsin::cli {

// "1h", "30m", "2d" (so long ago); "03:00" (the last time that it was; in `zone`); "2026-01-02",
// "2026-01-02 03:00" (in `zone`); RFC 3339, whose zone is its own. Seconds may be given too.
absl::StatusOr<absl::Time> ParseMoment(std::string_view text, absl::Time now,
                                       const absl::TimeZone& zone);

}  // namespace tocsin::cli
