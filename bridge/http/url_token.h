// url_token.h: refuses a token in the target of a request.
//
// Shape:   a URL is kept in the histories, logs and Referers of browsers, proxies and servers, so a
//          token there has been given away, whatever else the request has. A parameter is one by its
//          name ("access_token", in any letter case, with or without separators,
//          percent-encoded or not), and whatever has a signed token's form is one by its value, in
//          the path too.
// Threads: pure.
// Errors:  UNAUTHORIZED with where a token belongs. The text has nothing of the target.
// Source:  docs/protocol.md, section 8; RFC 9700, section 4.3.2; RFC 6750, section 5.3.
#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace tocsin::bridge {

// `target`: path and query, as sent. Only to be asked where authentication is on.
absl::Status RefuseTokenInUrl(std::string_view target);

}  // namespace tocsin::bridge
