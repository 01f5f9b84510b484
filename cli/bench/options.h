// options.h: what a benchmark is asked to do, with its bounds, and what does not go together.
//
// Errors:  INVALID_ARGUMENT that names the flags and what is allowed.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "cli/bench/bench_event.h"
#include "cli/sub_filter.h"

namespace tocsin::cli::bench {

enum class Kind { kPub, kSub, kWs };

// A benchmark is not meant to take a hub's machine down by a slip in a flag.
inline constexpr size_t kMostInFlight = 100'000;      // events
inline constexpr double kMostRate = 1'000'000;        // events a second
inline constexpr size_t kMostEvents = 1'000'000'000;  // of a run
inline constexpr size_t kMostPayload = 256 * 1024;    // bytes of an event
inline constexpr size_t kMostSubscribers = 20'000;    // what a bridge takes unless told otherwise
inline constexpr absl::Duration kMinDuration = absl::Milliseconds(10);
inline constexpr absl::Duration kMostDuration = absl::Hours(24);

struct BenchOptions {
  Kind kind = Kind::kPub;
  // The load.
  std::string rate;  // as ParseRate reads it; "0" or empty: a closed loop
  double rate_per_s = 0;
  size_t in_flight = 256;
  size_t batch = 1;
  size_t events = 0;  // 0: no bound
  absl::Duration duration = absl::Seconds(10);
  bool duration_given = false;
  bool unary = false;
  // The events.
  std::string type = "alert-received";
  std::string source{kMark};
  std::string resource{kMark};
  size_t payload_bytes = 512;
  // The subscribers.
  size_t subscribers = 1;
  size_t channels = 0;  // 0: see ChannelsOf
  bool listen = false;
  FilterFlags filter;
  std::string bridge = "ws://127.0.0.1:8080/ws";
  // Safety and output.
  bool yes = false;
  bool progress = false;
  bool json = false;
};

// Checks all and fills in what follows from the rest: rate_per_s, duration.
absl::Status Settle(BenchOptions& options);
// As given, or one for each subscriber up to kChannels.
size_t ChannelsOf(const BenchOptions& options);
inline constexpr size_t kChannels = 100;

std::string_view NameOf(Kind kind);  // "pub"

}  // namespace tocsin::cli::bench
