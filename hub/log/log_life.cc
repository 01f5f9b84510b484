#include "hub/log/log_life.h"

#include <fstream>

#include "hub/log/log_codec.h"

namespace tocsin::hub {
namespace {

absl::Status Damaged() {
  return absl::DataLossError("the log's own record of its last run cannot be read");
}

}  // namespace

std::string EncodeRun(const LogRun& run) {
  std::string value;
  PutU64(value, static_cast<uint64_t>(run.durability));
  PutU64(value, run.clean ? 1 : 0);
  return value + run.boot_id;
}

absl::StatusOr<LogRun> DecodeRun(std::string_view value) {
  uint64_t durability = 0;
  uint64_t clean = 0;
  if (!TakeU64(value, durability) || !TakeU64(value, clean) ||
      durability > static_cast<uint64_t>(Durability::kMemory)) {
    return Damaged();
  }
  return LogRun{static_cast<Durability>(durability), clean != 0, std::string(value)};
}

bool MayHaveLost(const LogRun& previous, std::string_view boot_id) {
  if (previous.clean || previous.durability == Durability::kAlways) {
    return false;
  }
  return boot_id.empty() || previous.boot_id != boot_id;
}

std::string ReadBootId() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

}  // namespace tocsin::hub
