// log_life.h: the epochs of a log, and when a start begins a new one.
//
// Shape:   what the last run left behind, and a pure decision over it. A new epoch begins where it
//          cannot be ruled out that somebody saw an event which is no longer there: its sequence
//          will be given to another event, and the epoch keeps the two apart.
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

std::string EncodeEpochs(const std::vector<EpochStart>& epochs);
absl::StatusOr<std::vector<EpochStart>> DecodeEpochs(std::string_view value);

// True when events that were seen may be missing after `previous`.
bool MayHaveLost(const LogRun& previous, std::string_view boot_id);

// Adds an epoch that starts after `last`. Of the older ones the newest 1,023 are kept: a cursor of
// one that is forgotten reads as of an unknown epoch, which is a gap as well.
void BeginEpoch(std::vector<EpochStart>& epochs, Epoch epoch, Sequence last);

// The running machine's; "" where it has none, which never equals another.
std::string ReadBootId();

}  // namespace tocsin::hub
