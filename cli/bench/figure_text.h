// figure_text.h: figures as people read them.
//
// Threads: pure.
#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace tocsin::cli::bench {

// "1.23 ms": three digits and a unit.
std::string LatencyText(absl::Duration latency);
// "12,345,678".
std::string CountText(uint64_t count);
// "12,346" from a hundred on, else with a digit after the point.
std::string RateText(double per_second);
// A second's worth of `count`; 0 when no time has passed.
double PerSecond(uint64_t count, absl::Duration elapsed);

}  // namespace tocsin::cli::bench
