// sink.h: what the engine hands a transport, in order, for one subscriber.
//
// Threads: all on the shard's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "core/event/cursor.h"
#include "core/event/filter.h"
#include "core/event/record.h"

namespace tocsin {

// Chosen by the transport; names a subscription within its subscriber.
using SubscriptionTag = uint32_t;

// What a transport gives Shard::Bookmark, and gets back in its place in the stream.
struct BookmarkNote {
  uint8_t kind = 0;  // the transport's own; 0: the engine's bookmark, which nobody asked for
  std::string text = {};
};

// What few items have.
struct ItemExtra {
  BookmarkNote note;    // kBookmark
  Gap gap;              // kGap
  FilterPtr filter;     // kSubscribed: what it lets through from here on
  absl::Status status;  // kEnded
};

struct Item {
  enum class Kind : uint8_t {
    kSubscribed,    // the subscription's place is `cursor`; what follows is by its filter
    kUnsubscribed,  // nothing of the subscription comes after this
    kEvent,         // `event`, for all of `tags`
    kGap,           // extra->gap, in the place of what is missing
    kCaughtUp,      // the subscription is live; `cursor` is its place
    kBookmark,      // resuming any subscription of this subscriber from `cursor` loses nothing
    kEnded,         // extra->status: the subscription was refused or cannot go on; it is gone
  };
  Kind kind;
  bool recovered = true;   // kSubscribed: false when a gap follows
  uint32_t first_tag = 0;  // in WriteView::tags
  uint32_t tag_count = 0;  // 0 for kBookmark
  EventPtr event;
  Cursor cursor;  // kEvent: the event's own
  std::unique_ptr<ItemExtra> extra;
};

struct WriteView {
  std::span<const Item> items;
  std::span<const SubscriptionTag> tags;
  // Not 0: all are events for one tag, and every other write of this shard with the same number has
  // these very items (with a tag of its own). What was encoded for one serves the others.
  uint64_t run = 0;

  std::span<const SubscriptionTag> TagsOf(const Item& item) const {
    return tags.subspan(item.first_tag, item.tag_count);
  }
};

class Sink {
 public:
  virtual ~Sink() = default;
  // Encodes the items (they are gone when it returns) and starts one write. True: it has left
  // already, and nothing more is heard of it. False: its end is told by Shard::Written, not from
  // inside Write, and no second Write comes before that.
  virtual bool Write(const WriteView& view) = 0;
  // Bytes of the write in flight that the peer has taken so far; may only grow. A transport that
  // cannot tell returns 0.
  virtual uint64_t BytesTaken() { return 0; }
  // The peer has taken nothing for limits::kStuckAfter with a write in flight. The transport closes
  // with SLOW_CONSUMER and calls Shard::Remove, now or later; the engine writes nothing more.
  virtual void Stuck() = 0;
  // Serving the peer threw, in Write or in the engine: what it has been given is not known. The
  // transport closes with INTERNAL_SERVER_ERROR and calls Shard::Remove, now or later; the engine
  // writes nothing more. The peer resumes from the last cursor that it saw.
  virtual void Failed() = 0;
};

}  // namespace tocsin
