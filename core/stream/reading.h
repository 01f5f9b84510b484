// reading.h: how one cohort reads the log.
//
// Shape:   a start point, and a CatchUp that is asked for one slice at a time.
// Threads: owned by one shard.
// Owns:    the CatchUp; destroying it cancels the slice that is outstanding.
#pragma once

#include <cstddef>
#include <memory>

#include "core/event/cursor.h"
#include "core/event/filter.h"
#include "core/stream/log_reader.h"

namespace tocsin {

struct Reading {
  StartPoint start;
  FilterPtr filter;       // nullptr: the reading is of everything, for several members
  bool resolved = false;  // the log has said where `start` is
  bool asked = false;     // a slice is outstanding
  size_t slices = 0;      // how many have come
  std::unique_ptr<CatchUp> catch_up;
};

}  // namespace tocsin
