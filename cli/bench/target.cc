#include "cli/bench/target.h"

#include <arpa/inet.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/strings.h"

namespace tocsin::cli::bench {
namespace {

bool IsLoopbackHost(const std::string& host) {
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  return host == "::1" || absl::EqualsIgnoreCase(host, "localhost");
}

// "[::1]:50051" → "::1".
std::string HostOf(std::string_view address) {
  if (address.starts_with('[')) return std::string(address.substr(1, address.find(']') - 1));
  return std::string(address.substr(0, address.rfind(':')));
}

absl::Status NotThisMachine(std::string_view what, std::string_view where) {
  return absl::InvalidArgumentError(absl::StrCat(
      ToAbsl(what), " ", ToAbsl(where),
      " is not on loopback, and may be another machine's: a benchmark fills its log with "
      "events and takes its time from those who use it. If that is meant, add --yes"));
}

}  // namespace

bool IsThisMachine(std::string_view hub) {
  if (hub.starts_with("unix:") || hub.starts_with("unix-abstract:")) return true;
  for (const std::string_view prefix : {"dns:///", "dns:", "ipv4:", "ipv6:"}) {
    if (!hub.starts_with(prefix)) continue;
    hub.remove_prefix(prefix.size());
    break;
  }
  // gRPC takes lists ("ipv4:127.0.0.1:1,10.0.0.1:1"): not to be guessed at.
  return hub.find(',') == std::string_view::npos && IsLoopbackHost(HostOf(hub));
}

absl::Status CheckTargets(const BenchOptions& options, const std::string& hub) {
  if (options.yes) return absl::OkStatus();
  if (!IsThisMachine(hub)) return NotThisMachine("the hub at", hub);
  if (options.kind != Kind::kWs) return absl::OkStatus();
  const auto bridge = ParseBridgeUrl(options.bridge);
  if (bridge.ok() && !IsLoopbackHost(bridge->host)) {
    return NotThisMachine("the bridge at", options.bridge);
  }
  return bridge.status();
}

absl::Status CheckToken(const Globals& globals, const BridgeUrl& bridge) {
  if (globals.token == nullptr || globals.hub_token.in_the_clear || IsLoopbackHost(bridge.host)) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "the token would go to the bridge at ", bridge.host,
      " in the clear, and whoever sees the connection would have it; insist with --hub-insecure"));
}

absl::Status AllowFiles(size_t count) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= count) return absl::OkStatus();
  if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < count) {
    return absl::ResourceExhaustedError(
        absl::StrCat("this needs ", count, " open files, and RLIMIT_NOFILE lets this process have ",
                     limit.rlim_max,
                     ": take fewer subscribers, or raise it (`ulimit -Hn`, or LimitNOFILE= of a "
                     "service)"));
  }
  limit.rlim_cur = count;
  if (setrlimit(RLIMIT_NOFILE, &limit) == 0) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("cannot raise RLIMIT_NOFILE to ", count, ": ", std::strerror(errno)));
}

}  // namespace tocsin::cli::bench
