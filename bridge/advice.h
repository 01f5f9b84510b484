// advice.h: what a bridge's settings could do better before strangers reach it.
//
// Threads: pure, but for the look at files.
// Source:  docs/security.md, "Going on a network".
#pragma once

#include "absl/time/time.h"
#include "bridge/config.h"
#include "core/base/advice.h"

namespace tocsin::bridge {

// Of settings that are valid.
Advice AdviseOn(const BridgeFlags& flags, absl::Time now);

}  // namespace tocsin::bridge
