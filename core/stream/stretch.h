// stretch.h: what a subscription with latest_only, while it is behind, has read and not been given
// yet: the newest event of each incident.
//
// Shape:   events are added in the log's order. Where an older one of the same incident is held, it
//          is passed over, and counted with the event that is held next after it. So whoever
//          resumes from an event has been told exactly what was passed over up to there: what is
//          passed over after it is read again. An event without an incident is always held.
//          A subscription is given its stretch whole before the next one begins, so that an
//          incident that never rests is still told in each.
// Threads: its shard's.
// Owns:    references to the events held.
// Source:  docs/adr/0024-latest-only.md
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/base/strings.h"
#include "core/stream/sink.h"

namespace tocsin {

class Stretch {
 public:
  bool empty() const { return held_ == 0; }
  size_t events() const { return held_; }
  // Of the events held, as Outbox::bytes counts them.
  size_t bytes() const { return bytes_; }
  size_t passed_over() const { return passed_over_; }
  // Resuming from here loses nothing of what is held or was passed over. Only while not empty.
  const Cursor& from() const { return from_; }

  // `before`: the place up to which everything earlier was given or added.
  void Add(Item::Kind kind, const EventPtr& event, const Cursor& before);
  // Takes everything out: items in order, each with what was passed over before it.
  std::vector<Item> Take();

  // What it holds beside the events.
  size_t held_bytes() const;

 private:
  void PassOver(Item& item);
  // Drops the items that were passed over; their counts go to the next one.
  void Compact();

  Cursor from_;
  std::vector<Item> items_;  // in order; without an event: passed over. The last one has an event
  // Where the newest event of each incident is in items_. The keys are views of its bytes.
  absl::flat_hash_map<std::string_view, size_t, StringHash, StringEq> newest_;
  size_t held_ = 0;
  size_t bytes_ = 0;
  size_t passed_over_ = 0;
};

}  // namespace tocsin
