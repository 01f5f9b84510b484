// subscriber.h: one peer of a shard: its subscriptions, and the batch that waits for the write in
// flight.
//
// Threads: owned by one shard.
// Owns:    the subscriptions; shares of the pending events.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "core/event/filter.h"
#include "core/stream/log_reader.h"
#include "core/stream/sink.h"
#include "core/stream/subscription_index.h"

namespace tocsin {

using SubscriberId = uint64_t;

struct Subscriber;

// A place in the log and a filter. In the index: live, its place is the shard's. Else behind, at
// `place`.
struct Subscription : IndexMember {
  Subscriber* subscriber = nullptr;
  SubscriptionTag tag = 0;
  bool notify_on_gap = false;
  bool announced = false;  // kSubscribed has been queued
  bool queued = false;     // among the shard's ready ones
  bool waiting = false;    // a CatchUp::Next is outstanding
  FilterPtr filter;
  StartPoint asked;  // where it was to begin
  Cursor place;      // epoch 0: not known yet
  std::unique_ptr<CatchUp> catch_up;
  size_t counted = 0;  // bytes, among the shard's: itself, and the filter where it is its own

  bool live() const { return entry != nullptr; }
};

struct Subscriber {
  SubscriberId id = 0;
  Sink* sink = nullptr;
  absl::Duration bookmark_interval;
  std::vector<std::unique_ptr<Subscription>> subscriptions;  // few: looked through in order

  // The pending batch: items[sent…] wait.
  std::vector<Item> items;
  std::vector<SubscriptionTag> tags;
  size_t sent = 0;
  size_t bytes = 0;
  size_t counted_batch = 0;  // bytes, among the shard's: of items and tags
  size_t counted_list = 0;   // of subscriptions

  bool writing = false;
  bool touched = false;     // among the shard's touched ones
  bool overflowed = false;  // within a pass: its batch was full
  bool merging = false;     // within a pass: several filters may have matched
  bool stuck = false;       // nothing more is written
  bool failed = false;      // serving it threw: it ends with the turn
  uint64_t bytes_taken = 0;
  absl::Duration last_progress;
  absl::Duration last_cursor;

  size_t pending() const { return items.size() - sent; }
  // What the batch holds beside the events: it may have grown far beyond what waits now.
  size_t batch_bytes() const;
  // An empty batch gives that back.
  void ReleaseBatch();
  Subscription* Find(SubscriptionTag tag);
  // Queues an item for one subscription; the item's tags are set here.
  void Push(Item item, SubscriptionTag tag);
  void Push(Item item);
  // Queues the event, or adds the tag where the event is already the last item. Answers the bytes
  // added.
  size_t PushEvent(const EventPtr& event, SubscriptionTag tag);
  // The first so many that fit one write.
  WriteView Next(size_t max_events, size_t max_bytes) const;
  // They have been handed over. Answers the bytes that they held.
  size_t Consume(size_t count);

 private:
  void Compact();
};

// What an event adds to a pending batch, for its bound.
size_t PendingBytes(const EventRecord& event);
// How many of the items fit one write; at least one.
size_t CountForWrite(std::span<const Item> items, size_t max_events, size_t max_bytes);

}  // namespace tocsin
