// bridge_url.h: where a bridge is: ws://HOST:PORT/PATH.
//
// Threads: pure.
// Errors:  INVALID_ARGUMENT that quotes the URL and says what is wrong and what is allowed.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace tocsin::cli::bench {

struct BridgeUrl {
  std::string host;  // without brackets
  std::string port;  // 80 where the URL has none
  std::string path;  // /ws where the URL has none
};

absl::StatusOr<BridgeUrl> ParseBridgeUrl(std::string_view url);

}  // namespace tocsin::cli::bench
