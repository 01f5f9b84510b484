// priority_choice.h: what a subscription with priority, or one that resumes where such a one stood,
// cannot be asked for with: the same on every transport.
//
// Threads: pure.
// Errors:  INVALID_MESSAGE with the field and what is allowed.
// Source:  docs/adr/0027-priority.md
#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace tocsin {

struct PriorityChoice {
  bool priority = false;
  // The start is a split place (core/event/cursor.h). A snapshot has no start.
  bool split_start = false;
  bool snapshot = false;
  bool leaves = false;
  bool latest_only = false;
};

// `start_field`: what the transport calls the start.
absl::Status CheckPriority(const PriorityChoice& choice, std::string_view start_field);

}  // namespace tocsin
