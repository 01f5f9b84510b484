// uuid.h: RFC 9562 identifiers.
#pragma once

#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace tocsin {

// Version 7: sorts by the time it was made. Thread-safe; ids of one process are unique and
// increasing per thread.
std::string NewUuid(absl::Time now);
// 8-4-4-4-12 hexadecimal digits in any letter case.
bool IsUuid(std::string_view text);
// The canonical lower-case form of a valid one.
std::string CanonicalUuid(std::string_view text);

}  // namespace tocsin
