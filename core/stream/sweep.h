// sweep.h: sends the bookmarks that are due, and closes peers that take nothing.
//
// Shape:   looks at all subscribers about once a second, or more often while one of them wants
//          bookmarks more often than that.
// Threads: the shard's.
#pragma once

#include "absl/time/time.h"
#include "core/stream/cohort_table.h"
#include "core/stream/notices.h"
#include "core/stream/placement.h"
#include "core/stream/subscriber.h"
#include "core/stream/window.h"
#include "core/stream/writer.h"

namespace tocsin {

class Sweep {
 public:
  Sweep(SubscriberTable& subscribers, const Window& window, const CohortTable& cohorts,
        Placement& placement, Writer& writer, Notices& notices, ShardStats& stats)
      : subscribers_(subscribers),
        window_(window),
        cohorts_(cohorts),
        placement_(placement),
        writer_(writer),
        notices_(notices),
        stats_(stats) {}

  // When it should run next.
  absl::Duration due() const { return due_; }
  // A new subscriber may need it to run sooner.
  void Added(const Subscriber& subscriber);
  void Run();
  // Queues a bookmark with the note, now.
  void Bookmark(Subscriber& subscriber, BookmarkNote note);

 private:
  void Look(Subscriber& subscriber);
  void CloseStuck(Subscriber& subscriber);
  // The last place from which resuming any of the subscriptions loses nothing. Epoch 0 while it is
  // not known.
  Place SafePlace(const Subscriber& subscriber) const;
  // Whether the place may be told, although the subscription is not live.
  bool MayTell(const Subscription& subscription, const Cursor& place) const;

  SubscriberTable& subscribers_;
  const Window& window_;
  const CohortTable& cohorts_;
  Placement& placement_;
  Writer& writer_;
  Notices& notices_;
  ShardStats& stats_;
  absl::Duration due_ = absl::ZeroDuration();
  absl::Duration interval_ = absl::Seconds(1);
};

}  // namespace tocsin
