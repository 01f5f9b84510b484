#include "cli/bench/bridge_url.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/base/option_values.h"
#include "core/base/strings.h"

namespace tocsin::cli::bench {
namespace {

absl::Status Wrong(std::string_view url, std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("'", ToAbsl(url), "' ", ToAbsl(why),
                                                 "; give one such as ws://127.0.0.1:8080/ws"));
}

bool IsPort(std::string_view text) {
  const auto port = ParseCount(text);
  return port.ok() && *port >= 1 && *port <= 65535;
}

}  // namespace

absl::StatusOr<BridgeUrl> ParseBridgeUrl(std::string_view url) {
  constexpr std::string_view kScheme = "ws://";
  if (url.starts_with("wss://"))
    return Wrong(url, "is over TLS, which this command does not speak");
  if (!url.starts_with(kScheme)) return Wrong(url, "does not begin with ws://");
  std::string_view rest = url.substr(kScheme.size());
  if (rest.find_first_of(" \t\r\n@#") != std::string_view::npos) {
    return Wrong(url, "has a character that such an address does not have");
  }
  BridgeUrl bridge;
  const size_t slash = std::min(rest.find('/'), rest.size());
  bridge.path = slash == rest.size() ? "/ws" : std::string(rest.substr(slash));
  rest = rest.substr(0, slash);
  const bool bracketed = rest.starts_with('[');
  const size_t host_end = bracketed ? rest.find(']') : rest.rfind(':');
  if (bracketed && host_end == std::string_view::npos) return Wrong(url, "lacks a ]");
  bridge.host = std::string(bracketed ? rest.substr(1, host_end - 1) : rest.substr(0, host_end));
  const size_t colon = bracketed ? host_end + 1 : host_end;
  bridge.port = colon < rest.size() ? std::string(rest.substr(colon + 1)) : "80";
  if (bridge.host.empty() || (!bracketed && bridge.host.find(':') != std::string::npos)) {
    return Wrong(url, "has no host");
  }
  if (colon < rest.size() && rest[colon] != ':') return Wrong(url, "has something after the ]");
  if (!IsPort(bridge.port)) return Wrong(url, "has no port of 1 to 65535");
  return bridge;
}

}  // namespace tocsin::cli::bench
