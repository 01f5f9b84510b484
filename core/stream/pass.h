// pass.h: one pass of events over a cohort: who is to get which of them, and the handing out.
//
// Shape:   a pass collects, for each filter that matched, the run of its events, and hands each run
//          to all who have that filter. One that has nothing waiting and no other subscription is
//          written to straight from the run, so that its share of the cost is the write. Others get
//          the events into their outboxes, in order.
// Threads: the shard's.
// Errors:  what throws before anything has been handed out leaves all as it was. What throws for one
//          subscriber closes that one.
// Source:  docs/adr/0004-fan-out.md
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/stream/cohort.h"
#include "core/stream/subscription_index.h"
#include "core/stream/writer.h"

namespace tocsin {

// The events of one pass that a filter lets through, as items for one subscription.
struct EventRun {
  IndexEntry* entry = nullptr;
  std::vector<Item> items;
};

class Pass {
 public:
  enum class Pace {
    kLive,    // what can be written is written now
    kBehind,  // less than a write's worth waits for the tick
  };
  // A full outbox: the subscriber has been given everything up to `place`, and nothing after it.
  struct Overflow {
    Subscriber* subscriber;
    Cursor place;
  };

  Pass(Writer& writer, const ShardOptions& options) : writer_(writer), options_(options) {}

  // Hands out the events after cohort.place that its members' filters match; `matched`: the one
  // member's filter has been asked already. Answers whose outbox was full; good until the next pass.
  // Only members of a live or several-member cohort overflow.
  std::span<const Overflow> Run(Cohort& cohort, std::span<const EventPtr> events, Pace pace,
                                bool matched = false);

  // What is kept for the next pass.
  size_t bytes() const;

 private:
  void GiveOnly(Subscription& member, bool matched);
  void Collect(SubscriptionIndex& index);
  void AddToRun(IndexEntry& entry, const EventPtr& event);
  void HandOut();
  // In parts of a write each: all who have the filter get the first before any gets the second, so
  // that what is encoded for one is still there for the next.
  void HandOutRun(const EventRun& run);
  void HandOutPart(const EventRun& run, std::span<const Item> items);
  void Give(Subscription& subscription, std::span<const Item> items, uint64_t number);
  void GiveMerged(Subscriber& subscriber);
  // False when the outbox is full: then nothing more of this pass goes there.
  bool Queue(Subscription& subscription, const EventPtr& event);
  void AfterQueueing(Subscriber& subscriber);
  Cursor PlaceBefore(const EventRecord& event) const;
  void Forget();

  Writer& writer_;
  const ShardOptions& options_;
  // Of the present pass.
  uint64_t number_ = 0;
  Cohort* cohort_ = nullptr;
  Pace pace_ = Pace::kLive;
  std::span<const EventPtr> events_;
  std::vector<std::unique_ptr<EventRun>> runs_;  // the first runs_used_
  size_t runs_used_ = 0;
  std::vector<Subscriber*> merging_;
  std::vector<Overflow> overflows_;
  uint64_t next_run_ = 1;
};

}  // namespace tocsin
