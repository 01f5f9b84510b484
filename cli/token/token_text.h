// token_text.h: what a token says, for people.
//
// Shape:   header and claims, a line each, times also in the reader's zone and as seen from now, the
//          permission in words. No control characters of the token's reach a terminal.
// Threads: pure.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tocsin::cli {

// Nothing is verified. `claim`: where the permission stands. Errors: a refusal, for a text that is
// no signed token.
absl::StatusOr<std::string> TokenText(std::string_view token, const std::string& claim,
                                      absl::Time now, const absl::TimeZone& zone);
// {"verified":false,"header":…,"claims":…}
absl::StatusOr<std::string> TokenJson(std::string_view token);

// "2026-01-02 04:04:05.000+01:00, in 5m" or ", 5m ago".
std::string WhenText(absl::Time time, absl::Time now, const absl::TimeZone& zone);

}  // namespace tocsin::cli
