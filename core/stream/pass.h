// pass.h: hands a stretch of events to the members of a cohort, each what its filter matches.
//
// Shape:   a pass collects, for each filter that matched, the run of its events, and hands each run
//          to all who have that filter. A subscriber that has nothing waiting and no other
//          subscription is written to straight from the run, so that it costs only the write.
//          Others get the events into their outboxes, in the order of the log.
// Threads: the shard's.
// Errors:  an exception before anything has been handed out leaves all as it was. An exception
//          while one subscriber is served closes that one.
// Source:  docs/adr/0004-fan-out.md
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/stream/cohort.h"
#include "core/stream/subscription_index.h"
#include "core/stream/writer.h"

namespace tocsin {

// What one pass has for a filter, as items for one subscription.
struct EventRun {
  IndexEntry* entry = nullptr;
  std::vector<Item> items;
};

class Pass {
 public:
  enum class Pace {
    kLive,    // whatever can be written is written now
    kBehind,  // less than a full write waits for the tick
  };
  // A full outbox: the subscriber has been given everything up to `place`, and nothing after it.
  struct Overflow {
    Subscriber* subscriber;
    Cursor place;
  };

  Pass(Writer& writer, const ShardOptions& options) : writer_(writer), options_(options) {}

  // Hands out the events, which all come after cohort.place. Returns the subscribers whose outboxes
  // were full; valid until the next pass. The member of a cohort without an index never overflows.
  std::span<const Overflow> Run(Cohort& cohort, std::span<const EventPtr> events, Pace pace);

  // The bytes that are kept for the next pass.
  size_t bytes() const;

 private:
  // To the one member of a cohort without an index.
  void GiveOnly(Subscription& member);
  // Adds the event to the stretch of a subscription that is behind.
  void Hold(Subscription& subscription, Item::Kind kind, const EventPtr& event);
  void Collect(SubscriptionIndex& index);
  void AddToRun(IndexEntry& entry, Item::Kind kind, const EventPtr& event);
  void HandOut();
  // In parts that each fit one write. All who have the filter get a part before any gets the next
  // one, so that what is encoded for one subscriber still serves the others.
  void HandOutRun(const EventRun& run);
  void HandOutPart(const EventRun& run, std::span<const Item> items);
  void Give(Subscription& subscription, std::span<const Item> items, uint64_t number);
  void GiveMerged(Subscriber& subscriber);
  // False when the outbox is full; then the subscriber gets nothing more of this pass.
  bool Queue(Subscription& subscription, const Item& item);
  void Push(Subscription& part, Item::Kind kind, const EventPtr& event);
  void AfterQueueing(Subscriber& subscriber);
  // True for one that is given only the newest event of each incident now.
  bool Holds(const Subscription& subscription) const {
    return subscription.stretch != nullptr && pace_ == Pace::kBehind && !subscription.is_part();
  }
  // Where the subscription stands once this part of it has been given the event.
  static Place PlaceAfter(const Subscription& part, const EventRecord& event);
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
