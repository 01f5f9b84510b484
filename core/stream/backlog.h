// backlog.h: serves the cohorts that are behind, one slice each in turn.
//
// Shape:   a cohort whose place the window holds reads the window, any other the log. One that
//          reaches the live cohort's place is merged into it.
// Threads: the shard's.
#pragma once

#include "absl/time/time.h"
#include "core/stream/bell.h"
#include "core/stream/cohort_table.h"
#include "core/stream/delivery.h"
#include "core/stream/log_readings.h"
#include "core/stream/placement.h"
#include "core/stream/window.h"
#include "core/stream/writer.h"

namespace tocsin {

class Backlog {
 public:
  Backlog(CohortTable& cohorts, Placement& placement, Delivery& delivery, LogReadings& readings,
          const Window& window, Writer& writer, Bell& bell, const ShardOptions& options)
      : cohorts_(cohorts),
        placement_(placement),
        delivery_(delivery),
        readings_(readings),
        window_(window),
        writer_(writer),
        bell_(bell),
        options_(options) {}

  // Gives out a bounded number of slices; returns when to be called again.
  absl::Duration Serve();

 private:
  // True when it took a slice's worth of the turn.
  bool ServeSlice(Cohort& cohort);
  bool HasRoom(Cohort& cohort);
  void LeaveThoseWithoutRoom(Cohort& cohort);
  // False when the window does not hold the cohort's place.
  bool ReadWindow(Cohort& cohort);

  CohortTable& cohorts_;
  Placement& placement_;
  Delivery& delivery_;
  LogReadings& readings_;
  const Window& window_;
  Writer& writer_;
  Bell& bell_;
  const ShardOptions& options_;
};

}  // namespace tocsin
