// log_life.h: what the last run of a log left behind, and whether events may be missing after it.
//
// Shape:   a record in the log, and a pure decision over it.
// Threads: pure.
// Errors:  DATA_LOSS for a record that cannot be read.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "hub/log/log.h"

namespace tocsin::hub {

// How a run was, written at its start and again at its clean end.
struct LogRun {
  Durability durability = Durability::kAlways;
  bool clean = false;
  std::string boot_id;  // of the machine: unchanged means that the page cache survived
};

std::string EncodeRun(const LogRun& run);
absl::StatusOr<LogRun> DecodeRun(std::string_view value);

// True when events that were seen may be missing after `previous`.
bool MayHaveLost(const LogRun& previous, std::string_view boot_id);

// The running machine's; "" where it has none, which never equals another.
std::string ReadBootId();

}  // namespace tocsin::hub
