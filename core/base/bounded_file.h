// bounded_file.h: reads a small file that a setting names.
//
// Threads: any.
// Errors:  NOT_FOUND with the system's reason, INVALID_ARGUMENT when it is too large; both name the
//          file, and say nothing of what is in it.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"

namespace tocsin {

absl::StatusOr<std::string> ReadBoundedFile(const std::string& name, size_t most_bytes);

}  // namespace tocsin
