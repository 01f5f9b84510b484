// index_entry.h: what the match index knows of one filter and of those that have it.
//
// Threads: owned by one index.
#pragma once

#include <cstdint>
#include <vector>

#include "core/event/filter.h"

namespace tocsin {

struct EventRun;
struct IndexEntry;

// The hashes of the terms that an entry is posted under; empty where it is posted by type, severity
// or state.
using PostedUnder = std::vector<uint64_t>;

// What can be in the index. It is in it while `entry` is set.
struct IndexMember {
  IndexEntry* entry = nullptr;
  uint32_t slot = 0;
};

struct IndexEntry {
  FilterPtr filter;
  std::vector<IndexMember*> members;
  PostedUnder posted_under;
  PostedUnder leaving_under;  // where it tells leaves
  uint64_t seen_in = 0;       // the last match that visited it
  uint64_t run_of = 0;        // the pass that `run` belongs to
  EventRun* run = nullptr;    // what the filter has matched in that pass
};

}  // namespace tocsin
