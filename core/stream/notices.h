// notices.h: what a subscriber is told besides events, queued in its place among them.
//
// Threads: the shard's.
#pragma once

#include "core/stream/writer.h"

namespace tocsin {

class Notices {
 public:
  explicit Notices(Writer& writer) : writer_(writer) {}

  // Also for those filters of the subscription that were replaced before its place was known.
  void Subscribed(Subscription& subscription, const Cursor& place, bool recovered);
  void Unsubscribed(Subscriber& subscriber, SubscriptionTag tag);
  void CaughtUp(Subscription& subscription, const Cursor& place);
  void HasGap(Subscription& subscription, const Gap& gap);
  void Bookmark(Subscriber& subscriber, const Cursor& place, BookmarkNote note);
  void Ended(Subscriber& subscriber, SubscriptionTag tag, absl::Status status);

 private:
  void Push(Subscriber& subscriber, Item item, SubscriptionTag tag);

  Writer& writer_;
};

// The answer to who does not want to go on after a gap.
absl::Status GapError(const Gap& gap, const Cursor& earliest, const Cursor& latest);

}  // namespace tocsin
