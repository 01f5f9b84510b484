// run.h: runs a benchmark, from its first connection to its report.
//
// Shape:   ask the hub how it is; open the subscribers; publish, or listen; wait for what is still
//          under way; close; report. Ctrl-C, a lost hub and lost subscribers end the middle, and
//          the report comes all the same.
// Threads: main's; the load, the subscribers and the signals have their own.
// Errors:  an exit code; what went wrong on stderr, and in the JSON.
#pragma once

#include "cli/bench/options.h"
#include "cli/command.h"

namespace tocsin::cli::bench {

// `options` have been settled.
int RunBench(const Globals& globals, const BenchOptions& options);

}  // namespace tocsin::cli::bench
