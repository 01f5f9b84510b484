// page_token.h: seals the place where a page ended, so that it comes back whole and with the query
// that it belongs to.
//
// Shape:   opaque to clients: base64 of the place, and of a checksum over it and the query. It says
//          nothing that its holder may not see and is no permission, so it is not signed.
// Threads: pure.
// Errors:  INVALID_MESSAGE that names page_token.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace tocsin::hub {

// `query` is all that must be the same for the next page.
std::string SealPageToken(std::string_view place, std::string_view query);
absl::StatusOr<std::string> OpenPageToken(std::string_view token, std::string_view query);
// For a place that does not read back.
absl::Status PageTokenError();

}  // namespace tocsin::hub
