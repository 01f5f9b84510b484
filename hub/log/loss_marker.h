// loss_marker.h: an empty file that says, over a restart, that the log may have lost its end.
//
// Shape:   set before the loss can be forgotten, and cleared once an epoch that tells of it is
//          written. One that comes back after a crash costs an epoch and nothing else.
// Threads: safe.
// Errors:  UNAVAILABLE with the system's reason.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace tocsin::hub {

// Durable when it returns: the file and its directory are synced.
absl::Status SetLossMarker(const std::string& path);
bool HasLossMarker(const std::string& path);
// Nothing to do where there is none.
absl::Status ClearLossMarker(const std::string& path);

}  // namespace tocsin::hub
