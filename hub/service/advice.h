// advice.h: what a hub's settings could do better before strangers reach it.
//
// Threads: pure, but for the look at files.
// Source:  docs/security.md, "Going on a network".
#pragma once

#include "absl/time/time.h"
#include "core/base/advice.h"
#include "hub/service/config.h"

namespace tocsin::hub {

// Of settings that are valid.
Advice AdviseOn(const HubFlags& flags, absl::Time now);

}  // namespace tocsin::hub
