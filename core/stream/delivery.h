// delivery.h: gives a cohort the next stretch of events, whether they were read from the window or
// from the log.
//
// Shape:   those whose places lie in the stretch are merged into the cohort, a pass hands out the
//          events, the cohort moves on, and members whose outboxes are full leave it.
// Threads: the shard's.
// Errors:  what throws for one subscriber closes that one. What throws while a cohort is served
//          (Guarded) closes the subscribers of its members.
#pragma once

#include <exception>
#include <span>

#include "core/stream/cohort_table.h"
#include "core/stream/pass.h"
#include "core/stream/placement.h"
#include "core/stream/writer.h"

namespace tocsin {

class Delivery {
 public:
  Delivery(CohortTable& cohorts, Placement& placement, Writer& writer, const ShardOptions& options,
           ShardStats& stats)
      : cohorts_(cohorts),
        placement_(placement),
        writer_(writer),
        stats_(stats),
        pass_(writer, options) {}

  // `events` are all that lie between the cohort's place and `to`.
  void HandOut(Cohort& cohort, std::span<const EventPtr> events, const Cursor& to, Pass::Pace pace);
  // Runs `serve` for a cohort that is behind, and closes the cohort if it is empty afterwards.
  template <class Serve>
  void Guarded(Cohort& cohort, Serve serve);

  // The bytes that a pass keeps for the next one.
  size_t pass_bytes() const { return pass_.bytes(); }

 private:
  CohortTable& cohorts_;
  Placement& placement_;
  Writer& writer_;
  ShardStats& stats_;
  Pass pass_;
};

template <class Serve>
void Delivery::Guarded(Cohort& cohort, Serve serve) {
  cohort.being_served = true;
  try {
    serve();
  } catch (const std::exception& error) {
    for (Subscription* member : cohort.members()) {
      writer_.Fail(*member->subscriber, error.what());
    }
  }
  cohort.being_served = false;
  cohorts_.CloseIfEmpty(cohort);
}

}  // namespace tocsin
