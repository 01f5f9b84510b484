// read_back.h: reads the log of a run back from the hub, into its history.
//
// Threads: blocks.
// Errors:  gRPC's status: UNAVAILABLE after the patience; OUT_OF_RANGE when retention has dropped
//          events of the run meanwhile.
#pragma once

#include <cstdint>
#include <string>

#include "cli/client.h"
#include "cli/interrupt.h"
#include "cli/verify/recorder.h"

namespace tocsin::cli::verify {

struct ReadBack {
  std::string from;   // the cursor at which the run began
  uint64_t last = 0;  // the sequence of its last event
  std::string run_id;
  absl::Duration patience;
};

grpc::Status ReadLogBack(const Globals& globals, const ReadBack& what, Interrupt& interrupt,
                         Recorder& recorder);

}  // namespace tocsin::cli::verify
