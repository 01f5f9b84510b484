// reserved_places.h: how many of all places are kept for clients that come back.
//
// Threads: any.
// Source:  docs/adr/0033-who-comes-back-first.md
#pragma once

#include <cstddef>

namespace tocsin {

// One in so many: 1,000 of 20,000, which is what comes in a second or two of a storm.
inline constexpr size_t kReservedShare = 20;

constexpr size_t ReservedOf(size_t places) { return places / kReservedShare; }

}  // namespace tocsin
