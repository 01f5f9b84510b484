// subscriber.h: one peer of a shard, and its subscriptions.
//
// Shape:   a subscription's state is its membership: in the live cohort, in a cohort that is
//          behind, in the log queue, or in none: then it waits for room in its peer's outbox.
// Threads: owned by one shard.
// Owns:    the subscriptions; the outbox.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "core/event/cursor.h"
#include "core/event/filter.h"
#include "core/stream/outbox.h"
#include "core/stream/sink.h"
#include "core/stream/stretch.h"
#include "core/stream/subscription_index.h"

namespace tocsin {

using SubscriberId = uint64_t;

class Cohort;
struct Subscriber;
struct Subscription;

// Those that wait for the log, the one that has waited longest first (log_queue.h).
using Waiting = std::list<Subscription*>;

// A place in the log and a filter.
//
// With `priority`, one that is behind is split: it gives the urgent events itself, and `rest`, which
// goes on when it is live, gives the ordinary ones. Each is in a place and a state of its own, but
// never both in the same cohort. When both have reached the same place, they are one again.
struct Subscription : IndexMember {
  // How many filters that were replaced before kSubscribed are remembered: each still gets its own
  // kSubscribed. A client that replaces filters faster than the log answers hears of the last ones.
  static constexpr size_t kMaxReplaced = 128;

  Subscriber* subscriber = nullptr;
  SubscriptionTag tag = 0;
  bool notify_on_gap = false;
  bool announced = false;  // kSubscribed has been queued
  bool priority = false;
  FilterPtr filter;
  FilterPtr asked;   // SubscribeOptions::asked
  StartPoint start;  // where it was asked to begin
  // It has been given everything up to here, but for what its stretch holds; its cohort's place may
  // be later. Epoch 0: not known yet.
  Cursor place;
  std::unique_ptr<Stretch> stretch;    // of latest_only; empty while it is live
  std::vector<FilterPtr> replaced;     // as they were asked for
  std::unique_ptr<Subscription> rest;  // while it is split
  Subscription* whole = nullptr;       // of a rest: the subscription that it is part of

  // Membership.
  Cohort* cohort = nullptr;
  uint32_t seat = 0;  // among the cohort's members
  std::optional<Waiting::iterator> queued;
  bool joining = false;  // live and split: Placement::JoinParts looks at it

  // What the client calls its filter.
  const FilterPtr& asked_filter() const { return asked != nullptr ? asked : filter; }
  bool waits_for_room() const { return cohort == nullptr && !queued.has_value(); }
  bool is_part() const { return rest != nullptr || whole != nullptr; }
  // False for an event that the other part gives.
  bool Gives(const EventRecord& event) const {
    return !is_part() || event.urgent == (rest != nullptr);
  }
};

struct Subscriber {
  SubscriberId id = 0;
  Sink* sink = nullptr;
  absl::Duration bookmark_interval;
  std::vector<std::unique_ptr<Subscription>> subscriptions;  // few: looked through in order
  Outbox outbox;
  bool touched = false;     // among those that the writer flushes
  bool closed = false;      // stuck or failed: nothing more is written
  uint64_t overflowed = 0;  // the last pass that found its outbox full
  uint64_t merging = 0;  // the last pass that had events for it while it had several subscriptions
  uint64_t bytes_taken = 0;  // of the write in flight
  absl::Duration last_progress;
  absl::Duration last_cursor;
  Place sent;  // of what was handed to the sink last; epoch 0: nothing yet

  Subscription* Find(SubscriptionTag tag) const {
    for (const auto& subscription : subscriptions) {
      if (subscription->tag == tag) {
        return subscription.get();
      }
    }
    return nullptr;
  }
};

class SubscriberTable {
 public:
  Subscriber* Find(SubscriberId id) const {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : found->second.get();
  }
  Subscriber& Add(Sink* sink, absl::Duration bookmark_interval);
  void Remove(SubscriberId id);

  size_t size() const { return by_id_.size(); }
  bool empty() const { return by_id_.empty(); }
  auto begin() const { return by_id_.begin(); }
  auto end() const { return by_id_.end(); }
  std::vector<SubscriberId> Ids() const;
  size_t table_bytes() const;

 private:
  absl::flat_hash_map<SubscriberId, std::unique_ptr<Subscriber>> by_id_;
  SubscriberId next_id_ = 1;
};

}  // namespace tocsin
