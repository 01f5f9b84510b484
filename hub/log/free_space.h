// free_space.h: refuses to write when the disk is nearly full, before writes begin to fail.
//
// Errors:  SERVICE_UNAVAILABLE with a time to try again; it is no lasting state, and IsDiskFull
//          tells it from those that are.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tocsin::hub {

// Bytes that a process without privileges may still write under `dir`.
using FreeSpace = std::function<absl::StatusOr<uint64_t>(const std::string& dir)>;
absl::StatusOr<uint64_t> SystemFreeSpace(const std::string& dir);

absl::Status DiskFullError(std::string_view what);
bool IsDiskFull(const absl::Status& status);

absl::Status CheckFreeSpace(const FreeSpace& free_space, const std::string& dir, uint64_t reserve);

}  // namespace tocsin::hub
