// simulation.h: one seed's run: a hub, bridges, publishers and subscribers, and what befalls them.
//
// Threads: one.
// Source:  docs/reliability.md
#pragma once

#include <cstdint>
#include <string>

namespace tocsin::simulation {

struct Result {
  std::string wrong;  // empty: every guarantee held
  size_t events = 0;  // in the log at the end
  size_t seen = 0;    // events that came to subscribers
  size_t kills = 0;
};

// `trace`: tells what happens, on the standard error output.
Result Simulate(uint64_t seed, bool trace);

}  // namespace tocsin::simulation
