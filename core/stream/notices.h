// notices.h: queues what a subscriber is told besides events, in order with them.
//
// Threads: the shard's.
#pragma once

#include "core/stream/cohort.h"
#include "core/stream/writer.h"

namespace tocsin {

class Notices {
 public:
  explicit Notices(Writer& writer) : writer_(writer) {}

  // Comes once for each filter that was replaced before the place was known, and then for the
  // present one. It stands at the place, or, split, at one that is no earlier.
  void Subscribed(Subscription& subscription, const Cursor& place, bool recovered);
  void Unsubscribed(Subscriber& subscriber, SubscriptionTag tag);
  void CaughtUp(Subscription& subscription, const Cursor& place);
  // The part stands after the gap already.
  void HasGap(Subscription& part, const Gap& gap);
  void Bookmark(Subscriber& subscriber, const Place& place, BookmarkNote note);
  void Ended(Subscriber& subscriber, SubscriptionTag tag, absl::Status status);

 private:
  void Push(Subscriber& subscriber, Item item, SubscriptionTag tag);

  Writer& writer_;
};

// What ends a subscription that does not go on after a gap.
absl::Status GapError(const Gap& gap, const Cursor& earliest, const Cursor& latest);

}  // namespace tocsin
