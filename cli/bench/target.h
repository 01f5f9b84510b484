// target.h: checks which machines a benchmark may run against, and how many connections it may open.
//
// Threads: AllowFiles changes a limit of the process; before other threads.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "cli/bench/bridge_url.h"
#include "cli/bench/options.h"
#include "cli/command.h"

namespace tocsin::cli::bench {

// Hub and bridge must be on this machine unless options.yes.
// Errors: INVALID_ARGUMENT that names the one that is not.
absl::Status CheckTargets(const BenchOptions& options, const std::string& hub);

// FAILED_PRECONDITION where the user's token would go to a bridge on another machine in the clear, and
// nobody has insisted.
absl::Status CheckToken(const Globals& globals, const BridgeUrl& bridge);

// True for loopback addresses, localhost, and Unix sockets, also as gRPC writes them ("ipv4:…").
bool IsThisMachine(std::string_view hub);

// Raises the number of files that this process may open to `count`, where it is lower.
// Errors: RESOURCE_EXHAUSTED that names the limit and how to raise it.
absl::Status AllowFiles(size_t count);

}  // namespace tocsin::cli::bench
