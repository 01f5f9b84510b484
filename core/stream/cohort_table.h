// cohort_table.h: the cohorts of a shard: the live one, and those behind, by their places.
//
// Shape:   those behind are sorted by place, so that one can be found near a given place. Some of
//          them read the log, and some wait in a queue for their next slice.
// Threads: the shard's.
// Owns:    the cohorts, and with them their readings of the log.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "core/stream/bell.h"
#include "core/stream/cohort.h"

namespace tocsin {

class CohortTable {
 public:
  explicit CohortTable(Bell& bell) : bell_(bell) {}

  Cohort& live() { return live_; }
  const Cohort& live() const { return live_; }

  // A new cohort that is behind.
  Cohort& Add(const Cursor& place);
  // Destroys a cohort that is behind and has no members, unless it is being served; else does
  // nothing.
  void CloseIfEmpty(Cohort& cohort);
  void Move(Cohort& cohort, const Cursor& place);
  // The last cohort at or shortly before the place, among those that read the window and are not
  // being served. Nullptr when there is none.
  Cohort* NearBefore(Sequence place) const;
  // Those behind whose places lie from `first` to `last`, both included.
  std::vector<Cohort*> Between(Sequence first, Sequence last) const;

  // The cohorts that read the log.
  const std::vector<Cohort*>& readings() const { return readings_; }
  void BeginReading(Cohort& cohort, std::unique_ptr<Reading> reading);
  void EndReading(Cohort& cohort);

  // Puts the cohort at the end of the queue, where it is not in it yet, and wakes the shard.
  void MakeReady(Cohort& cohort);
  // The same for one that only waits for time to pass: the shard is not woken.
  void PutBack(Cohort& cohort);
  // Takes the first out of the queue, which must not be empty.
  Cohort& TakeReady();
  const std::deque<Cohort*>& ready() const { return ready_; }

  size_t bytes() const;

 private:
  Bell& bell_;
  Cohort live_{Cohort::Kind::kLive};
  CohortsByPlace behind_;
  std::vector<Cohort*> readings_;
  std::deque<Cohort*> ready_;
};

}  // namespace tocsin
