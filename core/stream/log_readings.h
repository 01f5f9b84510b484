// log_readings.h: the readings of the log that a shard has under way.
//
// Shape:   at most ShardOptions::log_readings at a time, each for a party of those that wait in the
//          log queue. A reading makes room for others after some slices, or when its members take
//          nothing for a while.
// Threads: the shard's. Slices arrive on it through Shard::Post.
// Owns:    nothing: a reading belongs to its cohort.
// Errors:  a start that the log refuses ends the members with the log's status. A gap ends those
//          that did not ask to be notified.
#pragma once

#include "absl/time/time.h"
#include "core/stream/cohort_table.h"
#include "core/stream/delivery.h"
#include "core/stream/log_queue.h"
#include "core/stream/log_reader.h"
#include "core/stream/notices.h"
#include "core/stream/placement.h"
#include "core/stream/window.h"
#include "core/stream/writer.h"

namespace tocsin {

class LogReadings {
 public:
  // `shard` is only handed on to the log's reader.
  LogReadings(Shard& shard, LogReader& log, CohortTable& cohorts, LogQueue& queue,
              Placement& placement, Delivery& delivery, const Window& window, Writer& writer,
              Notices& notices, const ShardOptions& options)
      : shard_(shard),
        log_(log),
        cohorts_(cohorts),
        queue_(queue),
        placement_(placement),
        delivery_(delivery),
        window_(window),
        writer_(writer),
        notices_(notices),
        options_(options) {}

  // Starts readings for those that wait, as many as there is room for; returns when to be called
  // again for the others.
  absl::Duration Start();
  // Asks the cohort's reading for its next slice.
  void Ask(Cohort& cohort);

 private:
  void StartOne(LogQueue::Party party);
  // Ends a reading for the sake of others. Returns when that was possible or will be; a time in the
  // past means that there is room now.
  absl::Duration MakeRoom();
  bool WillPass(const Cursor& place) const;
  void OnSlice(Cohort& cohort, LogSlice slice);
  void TakeSlice(Cohort& cohort, const LogSlice& slice);
  void Resolve(Cohort& cohort, const LogSlice& slice);
  void Begin(Subscription& member, const LogSlice& slice);
  void TellGap(Subscription& member, const Cursor& before, const LogSlice& slice);
  void GoOn(Cohort& cohort);

  Shard& shard_;
  LogReader& log_;
  CohortTable& cohorts_;
  LogQueue& queue_;
  Placement& placement_;
  Delivery& delivery_;
  const Window& window_;
  Writer& writer_;
  Notices& notices_;
  const ShardOptions& options_;
};

}  // namespace tocsin
