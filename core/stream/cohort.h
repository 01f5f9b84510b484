// cohort.h: subscriptions that are given the same events from the same place on.
//
// Shape:   a place and members. A member may stand ahead of its cohort: of what the cohort is given,
//          it gets what comes after its own place. The live cohort stands at the end of what its
//          shard has seen; any other is behind, and reads the window, or the log where it has a
//          Reading. One member's filter is asked directly; several are found through an index.
// Threads: owned by one shard.
// Owns:    the index and the reading; not the members, which Remove themselves before they go.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "core/event/cursor.h"
#include "core/event/filter.h"
#include "core/stream/log_reader.h"
#include "core/stream/subscriber.h"
#include "core/stream/subscription_index.h"

namespace tocsin {

class Cohort;
using CohortsByPlace = std::multimap<Sequence, std::unique_ptr<Cohort>>;

// How a cohort reads the log.
struct Reading {
  StartPoint start;
  FilterPtr filter;       // nullptr: everything, for several members
  bool resolved = false;  // the log has said where `start` is
  bool asked = false;     // a slice is outstanding
  size_t slices = 0;      // that have come
  std::unique_ptr<CatchUp> catch_up;
};

class Cohort {
 public:
  enum class Kind { kLive, kBehind };

  explicit Cohort(Kind kind);

  bool live() const { return kind_ == Kind::kLive; }
  const std::vector<Subscription*>& members() const { return members_; }
  bool empty() const { return members_.empty(); }
  // Nullptr with one member, unless the cohort is live.
  SubscriptionIndex* index() { return index_.get(); }

  void Add(Subscription& subscription);
  void Remove(Subscription& subscription);
  // The place up to which a member has been given everything.
  Cursor PlaceOf(const Subscription& member) const;

  // What it holds, its members' filters among it where it has an index.
  size_t bytes() const;

  Cursor place;                      // epoch 0: not known yet
  std::unique_ptr<Reading> reading;  // nullptr: reads the window
  bool ready = false;                // among those to be served
  // Some have room and some not: until then those that have wait for the others.
  std::optional<absl::Duration> wait_until;
  // None has room, since then.
  std::optional<absl::Duration> rests_since;
  CohortsByPlace::iterator position;  // among those that are behind

 private:
  const Kind kind_;
  std::vector<Subscription*> members_;
  std::unique_ptr<SubscriptionIndex> index_;
};

}  // namespace tocsin
