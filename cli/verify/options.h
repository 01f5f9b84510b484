// options.h: what `tocsin verify` is asked to do.
//
// Threads: values.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

namespace tocsin::cli::verify {

// How its events are recognised: their source, the label that names the run, and the actor.
inline constexpr std::string_view kMark = "tocsin.verify";
inline constexpr std::string_view kRunLabel = "tocsin_verify_run";

// Enough to meet every rule many times, and little beside real traffic.
inline constexpr size_t kMostRate = 10'000;
inline constexpr absl::Duration kMinTime = absl::Seconds(1);
inline constexpr absl::Duration kMostTime = absl::Hours(24);

inline const std::vector<std::string> kTransports{"grpc", "ws", "sse", "ndjson", "graphql"};

struct VerifyOptions {
  std::string bridge = "ws://127.0.0.1:8080/ws";
  std::vector<std::string> transports = kTransports;
  absl::Duration time = absl::Seconds(10);
  size_t rate = 200;  // events a second
  // How long the hub or the bridge may be away at a time before the run is given up.
  absl::Duration patience = absl::Seconds(30);
  std::string history;  // where the history is kept; empty: only when something is broken
  std::string judge;    // a history to judge in place of a run
  bool yes = false;
  bool json = false;

  bool uses_bridge() const { return transports.size() > 1 || transports.front() != "grpc"; }
};

}  // namespace tocsin::cli::verify
