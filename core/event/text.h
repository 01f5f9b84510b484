// text.h: texts inside messages: paths of fields, quoted values, lengths, times.
//
// Threads: pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/event/error.h"

namespace tocsin {

// "path.name"; the name alone below an empty path.
std::string JoinPath(std::string_view path, std::string_view name);
// "path[3]".
std::string IndexPath(std::string_view path, size_t index);
// `path["key"]`, for an entry of a map.
std::string KeyPath(std::string_view path, std::string_view key);

// In quotes, escaped, and cut to a length that fits into an error message.
std::string Quote(std::string_view text);

// "FIELD PROBLEM; allowed: A, B", with the field and the list as the error's details too.
absl::Status FieldError(ErrorCode code, std::string_view field, std::string_view problem,
                        std::vector<std::string> allowed = {});

// The same error with another name for its field, in its message too.
absl::Status WithFieldNamed(const absl::Status& status, std::string_view name);

// The characters (Unicode code points) of valid UTF-8.
size_t CharCount(std::string_view text);

// RFC 3339: date, "T", time, any fraction of a second, "Z" or an offset. Years 1 to 9999, no leap
// seconds. Nothing for any other text.
std::optional<absl::Time> ParseRfc3339(std::string_view text);

}  // namespace tocsin
