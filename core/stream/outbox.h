// outbox.h: the items that wait to be written to one peer, after the one write that is in flight.
//
// Shape:   items in order. An event that several subscriptions of the peer match is one item with
//          all their tags, and so is one by which an incident leaves the sets of several.
// Threads: owned by one shard.
// Owns:    shares of the events that wait.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/stream/sink.h"

namespace tocsin {

class Outbox {
 public:
  size_t pending() const { return items_.size() - sent_; }
  // The size of the events that wait, which ShardOptions::pending_bytes bounds.
  size_t bytes() const { return bytes_; }
  // What it holds beside the events. A burst may have made it far larger than what waits now.
  size_t held_bytes() const;
  // Gives that memory back. Only when nothing waits.
  void Release();

  // True when the event waits and was queued last, as whatever kind of item.
  bool EndsWith(const EventPtr& event) const;
  // Queues an item; its tags are set here.
  void Push(Item item, SubscriptionTag tag);
  void Push(Item item);  // for no subscription in particular
  // Queues the event as a kEvent or a kLeft. Where that was queued last already, only adds the tag,
  // but not to an item that tells what one subscription passed over, or a place of its own.
  void PushEvent(Item::Kind kind, const EventPtr& event, SubscriptionTag tag);
  // Queues the event for a subscription that stands at `place` once it has been given it.
  void PushEventAt(const Place& place, Item::Kind kind, const EventPtr& event, SubscriptionTag tag);

  // The first items, as many as fit one write; at least one.
  WriteView Next(size_t max_events, size_t max_bytes) const;
  // The first `count` items have been handed to the sink.
  void Consume(size_t count);

  bool writing = false;  // a write is in flight

 private:
  void Compact();

  std::vector<Item> items_;  // those from sent_ on wait
  std::vector<SubscriptionTag> tags_;
  size_t sent_ = 0;
  size_t bytes_ = 0;
};

// What an event adds to Outbox::bytes.
size_t PendingBytes(const EventRecord& event);
// How many of the items fit one write; at least one.
size_t CountForWrite(std::span<const Item> items, size_t max_events, size_t max_bytes);

}  // namespace tocsin
