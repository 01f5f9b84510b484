// https_address.h: an https address that a setting names.
//
// Threads: a value.
// Bounds:  kMaxAddressBytes.
// Errors:  INVALID_ARGUMENT: not https, with a user name or password in it, with a fragment, or
//          malformed. They do not repeat the address, which may hold a secret.
// Source:  RFC 3986; RFC 9110, section 4.2.2.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace tocsin::http {

inline constexpr size_t kMaxAddressBytes = 2048;  // what browsers and proxies take

struct HttpsAddress {
  std::string host;       // a name, or an address without brackets
  std::string port;       // decimal
  std::string authority;  // for the field Host: without the port when it is 443
  std::string target;     // path and query, percent-encoded
  std::string shown;      // for errors and logs: without the query
};

absl::StatusOr<HttpsAddress> ParseHttpsAddress(std::string_view text);

}  // namespace tocsin::http
