// sweep.h: what comes due with time: bookmarks, and peers that take nothing.
//
// Shape:   looks at all subscribers about once a second, more often while one of them wants bookmarks
//          more often than that.
// Threads: the shard's.
#pragma once

#include "absl/time/time.h"
#include "core/stream/cohorts.h"
#include "core/stream/notices.h"
#include "core/stream/subscriber.h"
#include "core/stream/window.h"
#include "core/stream/writer.h"

namespace tocsin {

class Sweep {
 public:
  Sweep(SubscriberTable& subscribers, const Window& window, Cohorts& cohorts, Writer& writer,
        Notices& notices, ShardStats& stats)
      : subscribers_(subscribers),
        window_(window),
        cohorts_(cohorts),
        writer_(writer),
        notices_(notices),
        stats_(stats) {}

  absl::Duration due() const { return due_; }
  void Added(const Subscriber& subscriber);
  void Run();
  // Queues a bookmark with the note.
  void Bookmark(Subscriber& subscriber, BookmarkNote note);

 private:
  void Look(Subscriber& subscriber);
  void CloseStuck(Subscriber& subscriber);
  // From where resuming any of the subscriptions loses nothing; epoch 0 while that is not known.
  Cursor SafePlace(const Subscriber& subscriber) const;

  SubscriberTable& subscribers_;
  const Window& window_;
  Cohorts& cohorts_;
  Writer& writer_;
  Notices& notices_;
  ShardStats& stats_;
  absl::Duration due_ = absl::ZeroDuration();
  absl::Duration interval_ = absl::Seconds(1);
};

}  // namespace tocsin
