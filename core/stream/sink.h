// sink.h: what the engine hands to a transport, in order, for one subscriber.
//
// Threads: all on the shard's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "core/event/cursor.h"
#include "core/event/filter.h"
#include "core/event/record.h"

namespace tocsin {

// Chosen by the transport; names a subscription within its subscriber.
using SubscriptionTag = uint32_t;

// What a transport gives to Shard::Bookmark, and gets back with the bookmark.
struct BookmarkNote {
  uint8_t kind = 0;  // the transport's own; 0: a bookmark that the engine sends by itself
  std::string text = {};
};

// The fields that few items have.
struct ItemExtra {
  std::optional<Place> place;  // where it differs from the item's cursor: Item::place()
  BookmarkNote note;           // kBookmark
  Gap gap;                     // kGap
  FilterPtr filter;            // kSubscribed: the filter that was asked for
  absl::Status status;         // kEnded
};

struct Item {
  enum class Kind : uint8_t {
    kSubscribed,    // the subscription's place is `cursor`; what follows is by its filter
    kUnsubscribed,  // nothing of the subscription comes after this
    kEvent,         // `event`, for all of `tags`
    kLeft,          // by `event`, its incident has left the set that the subscriptions follow
    kLeftUnseen,    // the same; but of the incident they may be told no more than its id
    kGap,           // extra->gap, in the place of what is missing
    kCaughtUp,      // the subscription is live; `cursor` is its place
    kBookmark,      // resuming any subscription of this subscriber from `cursor` loses nothing
    kEnded,         // extra->status: the subscription was refused or cannot go on; it is gone
  };
  Kind kind;
  bool recovered = true;   // kSubscribed: false when a gap follows
  uint32_t first_tag = 0;  // in WriteView::tags
  uint32_t tag_count = 0;  // 0 for kBookmark
  // kEvent and kLeft of a subscription with latest_only: how many matching events were passed over
  // between the one before it and this one.
  uint32_t passed_over = 0;
  EventPtr event;
  Cursor cursor;  // kEvent, kLeft and kLeftUnseen: the event's own
  std::unique_ptr<ItemExtra> extra;

  // Resuming from here gives exactly what comes after this item: what the client is told.
  Place place() const {
    return extra != nullptr && extra->place.has_value() ? *extra->place : Place(cursor);
  }
};

struct WriteView {
  std::span<const Item> items;
  std::span<const SubscriptionTag> tags;
  // Not 0: all items are kEvent, kLeft or kLeftUnseen, for one tag, and every write of this shard with the same
  // number has the same items (each with its own tag). So what was encoded for one write serves the
  // others.
  uint64_t run = 0;

  std::span<const SubscriptionTag> TagsOf(const Item& item) const {
    return tags.subspan(item.first_tag, item.tag_count);
  }
};

class Sink {
 public:
  virtual ~Sink() = default;
  // Encodes the items, which are not valid after the call, and starts one write. True: the write is
  // done, and Shard::Written is not called for it. False: the transport calls Shard::Written when
  // it is done, not from inside Write, and no second Write comes before that.
  virtual bool Write(const WriteView& view) = 0;
  // How many bytes of the write in flight the peer has taken so far; never shrinks. A transport
  // that cannot tell returns 0.
  virtual uint64_t BytesTaken() { return 0; }
  // The peer has taken nothing for limits::kStuckAfter with a write in flight. The transport closes
  // with SLOW_CONSUMER and calls Shard::Remove, now or later; the engine writes nothing more.
  virtual void Stuck() = 0;
  // An exception came while the peer was served, in Write or in the engine, so it is not known what
  // the peer was given. The transport closes with INTERNAL_SERVER_ERROR and calls Shard::Remove,
  // now or later; the engine writes nothing more. The peer resumes from the last cursor it saw.
  virtual void Failed() = 0;
};

}  // namespace tocsin
