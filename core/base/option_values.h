// option_values.h: parses and formats sizes, times and numbers, for flags, environment and files.
//
// Errors:  INVALID_ARGUMENT that quotes the text and says what is allowed; the caller puts the
//          flag's name before it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tocsin {

// "12345": digits only.
absl::StatusOr<size_t> ParseCount(std::string_view text);
// "65536", "64KiB", "64 KiB", "1MiB", "2GiB", "1TiB"; also "KB", "MB", "GB" by 1,000. In any letter
// case.
absl::StatusOr<size_t> ParseBytes(std::string_view text);
// "30s", "1m30s", "1.5h", "100ms", "7d"; a number without a unit is an error ("30" of what?).
absl::StatusOr<absl::Duration> ParseDuration(std::string_view text);
// "true", "false", "yes", "no", "on", "off", "1", "0".
absl::StatusOr<bool> ParseBool(std::string_view text);

// The shortest text that reads back as the same: "64KiB", "1000B".
std::string FormatBytes(size_t bytes);
// "7d", "1m30s".
std::string FormatDurationText(absl::Duration duration);

}  // namespace tocsin
