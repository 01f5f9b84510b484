// cohort.h: subscriptions that are given the same events from the same place on.
//
// Shape:   a place and members. A member may stand ahead of its cohort: it gets only those of the
//          cohort's events that come after its own place. The live cohort stands at the end of what
//          its shard has seen. Any other cohort is behind: it reads the window, or the log where it
//          has a Reading. The filter of a single member is asked directly; the filters of several
//          are found through an index.
// Threads: owned by one shard.
// Owns:    the index and the reading. It does not own the members: each must be removed before it
//          is destroyed.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "core/event/cursor.h"
#include "core/stream/reading.h"
#include "core/stream/subscriber.h"
#include "core/stream/subscription_index.h"

namespace tocsin {

class Cohort;
using CohortsByPlace = std::multimap<Sequence, std::unique_ptr<Cohort>>;

class Cohort {
 public:
  enum class Kind { kLive, kBehind };

  explicit Cohort(Kind kind);

  bool live() const { return kind_ == Kind::kLive; }
  const std::vector<Subscription*>& members() const { return members_; }
  bool empty() const { return members_.empty(); }
  // Nullptr where a cohort that is behind has never had more than one member.
  SubscriptionIndex* index() { return index_.get(); }
  // True when the events that it reads have passed its one member's filter already.
  bool reads_filtered() const { return reading != nullptr && reading->filter != nullptr; }

  void Add(Subscription& subscription);
  void Remove(Subscription& subscription);
  // The place up to which a member has been given everything.
  Cursor PlaceOf(const Subscription& member) const;

  // The bytes it holds; with an index, its members' filters are among them.
  size_t bytes() const;

  Cursor place;                      // epoch 0: not known yet
  std::unique_ptr<Reading> reading;  // nullptr: the cohort reads the window
  bool ready = false;                // in the table's queue of cohorts to be served
  bool being_served = false;         // must not be closed now
  // Set while members that have room wait for those that have none: how long they still wait.
  std::optional<absl::Duration> wait_until;
  // Set while no member has room: since when.
  std::optional<absl::Duration> rests_since;
  CohortsByPlace::iterator position;  // in the table; not of the live cohort

 private:
  const Kind kind_;
  std::vector<Subscription*> members_;
  std::unique_ptr<SubscriptionIndex> index_;
};

// The place up to which a part has been given all that it gives, in a cohort or not.
Cursor ReachedBy(const Subscription& part);
// The place up to which everything has been queued for a subscription. `part`: it, or its rest.
Place PlaceOf(const Subscription& part);

}  // namespace tocsin
