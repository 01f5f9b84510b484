// verdict.h: decides a run's exit code from its figures, and says why.
//
// Threads: pure.
#pragma once

#include "cli/bench/deliveries.h"
#include "cli/bench/report.h"

namespace tocsin::cli::bench {

// Sets `exit_code` and `error`, unless something is there. Of several faults the first counts: a
// server that was lost, lost events, refused events, Ctrl-C. `first_end` is of the first
// subscriber that was cut off.
void Judge(Report& report, const SubscriberEnd& first_end);

}  // namespace tocsin::cli::bench
