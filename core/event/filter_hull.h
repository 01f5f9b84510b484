// filter_hull.h: one filter for all that several filters let through.
//
// Shape:   a field stays where every one of them restricts it, with the values of all; labels stay
//          where all ask for the same. So the hull may let through more than they do together, and
//          never less.
// Threads: pure.
// Errors:  none: what would not fit into a filter's limits is left unrestricted.
#pragma once

#include <span>

#include "core/event/filter.h"

namespace tocsin {

// For no filters: one that lets nothing through that a publisher may send.
FilterPtr HullOf(std::span<const FilterPtr> filters);

// True when `outer` lets through every event that `inner` does. May answer false where that is so
// in a way that the fields do not show.
bool Covers(const Filter& outer, const Filter& inner);

}  // namespace tocsin
