// shard.h: the engine: one thread, its subscribers, and their places in the log.
//
// Shape:   a turn runs the posted tasks, hands the window's new events to the live subscriptions
//          (live_feed.h), gives slices to those that are behind (backlog.h), and flushes what waits
//          (writer.h). So replay, resume and slowness are one path, and memory is bounded by the
//          window plus one outbox a subscriber.
// Threads: Ring, Post and memory from any thread. Everything else on the owner's thread, which
//          calls RunOnce when the bell rings or the time that it returned has come. Tests call it
//          by hand.
// Owns:    its subscribers and subscriptions. Sinks belong to the transport, and outlive Remove.
// Errors:  a subscription that is refused or breaks ends with Item::kEnded, in order. An exception
//          while one subscriber is served ends that one; the others still get each event once.
// Source:  docs/life-of-an-event.md
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/event/filter.h"
#include "core/stream/backlog.h"
#include "core/stream/bell.h"
#include "core/stream/cohort_table.h"
#include "core/stream/delivery.h"
#include "core/stream/live_feed.h"
#include "core/stream/live_session.h"
#include "core/stream/log_queue.h"
#include "core/stream/log_reader.h"
#include "core/stream/log_readings.h"
#include "core/stream/memory_use.h"
#include "core/stream/notices.h"
#include "core/stream/placement.h"
#include "core/stream/shard_options.h"
#include "core/stream/sink.h"
#include "core/stream/subscriber.h"
#include "core/stream/subscriber_report.h"
#include "core/stream/sweep.h"
#include "core/stream/window.h"
#include "core/stream/writer.h"

namespace tocsin {

// How a subscription begins.
struct SubscribeOptions {
  SubscriptionTag tag = 0;
  FilterPtr filter;
  // What the client asked for, where it may be given less: its name for the filter (kSubscribed,
  // Report), and what Refilter narrows anew. Null, or the same: `filter` itself.
  FilterPtr asked = nullptr;
  // Absent: the present end; for a known tag, where it is.
  std::optional<StartPoint> start = std::nullopt;
  // With a start at a cursor, or with none for a known tag, which has its own: the start is that of
  // the ordinary events, and the urgent ones have been given up to here.
  std::optional<Cursor> urgent = std::nullopt;
  bool notify_on_gap = false;  // false: a gap ends it with CURSOR_EXPIRED
  bool priority = false;       // while it is behind: urgent events before the others
  bool latest_only = false;    // while it is behind: only the newest event of each incident
  bool leaves = false;         // it follows a set of incidents, and is told by kLeft what leaves it
  // priority is not for one with latest_only or leaves, whose events have to come in order
  // (docs/adr/0027-priority.md).
};

class Shard {
 public:
  using Task = absl::AnyInvocable<void()>;

  Shard(const Window& window, LogReader& log, Clock& clock, ShardOptions options);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // `ring` is called, from any thread, when there is work before the time that RunOnce asked to be
  // called at. Call this before anything else.
  void SetBell(std::function<void()> ring) { bell_.Set(std::move(ring)); }

  // Any thread: the window has grown.
  void Ring() { bell_.Ring(); }
  // Any thread: runs `task` on the owner's thread, in order of posting.
  void Post(Task task);
  // Destroys what was posted and has not been run. Once the owner's thread has ended.
  void DropTasks();

  // Does a bounded amount of the work there is. Returns when to be called again if no bell rings
  // (monotonic; may be InfiniteDuration). Work that is left over rings the bell itself.
  absl::Duration RunOnce();

  // A bookmark is sent when no cursor was sent for `bookmark_interval`; zero: none is sent unasked.
  SubscriberId Add(Sink* sink, absl::Duration bookmark_interval);
  // After this nothing is written to the sink. Unknown ids are ignored, since completions may come
  // late.
  void Remove(SubscriberId id);

  // A known tag is replaced at this exact place in its stream, or at the start given; the new
  // filter is in force after kSubscribed.
  void Subscribe(SubscriberId id, SubscribeOptions options);
  // What the subscriber may be given has changed. Each of its subscriptions goes on, from the exact
  // place that it has reached, with what `narrow` makes of the filter that was asked for. Nothing is
  // told of that. Where `narrow` gives an error, the subscription ends with it (kEnded).
  using Narrow = absl::FunctionRef<absl::StatusOr<FilterPtr>(const FilterPtr& asked)>;
  void Refilter(SubscriberId id, Narrow narrow);
  // Takes out a subscription of which nothing has been queued yet, without a word to the client, and
  // returns it as it was asked for. Nothing where there is none, or something has been queued.
  std::optional<SubscribeOptions> Withdraw(SubscriberId id, SubscriptionTag tag);
  // False when there is no such subscription.
  bool Unsubscribe(SubscriberId id, SubscriptionTag tag);
  // False also for one whose kEnded is still on its way to the sink.
  bool Has(SubscriberId id, SubscriptionTag tag) const;
  // Queues a kBookmark with the note, in order. Its cursor has epoch 0 while a subscription's place
  // is not known yet.
  void Bookmark(SubscriberId id, BookmarkNote note);
  // The write has left the sink.
  void Written(SubscriberId id);
  // Where it stands now; nothing for an unknown one.
  std::optional<SubscriberReport> Report(SubscriberId id) const;

  // Of those that are served on this thread.
  LiveSessions& sessions() { return sessions_; }

  // The place up to which live subscriptions have been served.
  const Cursor& position() const { return cohorts_.live().place; }
  const ShardStats& stats() const { return stats_; }
  // Sums the bytes now.
  MemoryUse SumMemory() const;
  // From any thread: the counts as they are now, and the bytes as last summed, at most about a
  // second ago.
  MemoryUse memory() const;

 private:
  void RunTasks();
  void ServeRelieved();
  void EndFailed();
  void PublishMemory();
  absl::Duration NextTurn(absl::Duration serve_due);
  void Replace(Subscription& subscription, SubscribeOptions& options, StartPoint& start);
  void Refilter(Subscription& subscription, FilterPtr filter);

  const ShardOptions options_;
  const Window& window_;
  Clock& clock_;
  Bell bell_;
  ShardStats stats_;
  Mutex mutex_;
  std::vector<Task> tasks_ ABSL_GUARDED_BY(mutex_);

  LiveSessions sessions_;
  SubscriberTable subscribers_;
  Writer writer_;
  Notices notices_;
  CohortTable cohorts_;
  LogQueue queue_;
  Placement placement_;
  Delivery delivery_;
  LiveFeed live_feed_;
  LogReadings readings_;
  Backlog backlog_;
  Sweep sweep_;
  absl::Duration memory_due_ = absl::ZeroDuration();
  PublishedMemoryUse published_;
};

}  // namespace tocsin
