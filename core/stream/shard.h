// shard.h: the engine: one thread, its subscribers, and the match index of those that are live.
//
// Shape:   a subscription is a place in the log and a filter. Live: in the index, its place is the
//          shard's. Behind: not in the index; it reads window or log in slices until its place is
//          the shard's. A live one whose batch is full goes behind. So replay, resume and slowness
//          are one path, and memory is bounded by window + subscribers × batch.
// Threads: Ring and Post from any thread; everything else on the owner's, which calls RunOnce when
//          the bell rings or the time it returned has come. Tests call it by hand.
// Owns:    its subscriptions. Sinks are the transport's and outlive their Remove.
// Errors:  a subscription that is refused or breaks ends with Item::kEnded, in order. What throws
//          while one subscriber is served ends that one; the others get what is theirs, once.
// Source:  docs/life-of-an-event.md
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/event/filter.h"
#include "core/event/limits.h"
#include "core/stream/log_reader.h"
#include "core/stream/memory_use.h"
#include "core/stream/sink.h"
#include "core/stream/subscriber.h"
#include "core/stream/subscription_index.h"
#include "core/stream/window.h"

namespace tocsin {

struct ShardOptions {
  size_t pending_messages =
      limits::kPendingMessages;  // of one subscriber; past it, it reads the log
  size_t pending_bytes = limits::kPendingBytes;
  size_t write_events = limits::kWriteEvents;
  size_t write_bytes = limits::kWriteBytes;
  size_t replay_events = limits::kReplayEvents;
  size_t replay_bytes = limits::kReplayBytes;
  absl::Duration hot_tick = limits::kHotTick;
  absl::Duration stuck_after = limits::kStuckAfter;
  // Readings of the log at a time; who is behind beyond them waits for one. Sixteen keep a disk or a
  // connection busy, and a bridge of four threads within the streams that a hub serves one peer.
  size_t log_readings = 16;
  // Slices that behind ones are given in one turn, so that live ones do not wait long.
  size_t slices_per_turn = 16;
};

// How a subscription begins.
struct SubscribeOptions {
  SubscriptionTag tag = 0;
  FilterPtr filter;
  // Absent: the present end; for a known tag, where it is.
  std::optional<StartPoint> start = std::nullopt;
  bool notify_on_gap = false;  // false: a gap ends it with CURSOR_EXPIRED
};

// The events of one pass that a filter lets through, as items for one subscription.
struct EventRun {
  IndexEntry* entry = nullptr;
  std::vector<Item> items;
  size_t counted = 0;  // bytes, among the shard's
};

struct ShardStats {
  std::atomic<uint64_t> subscribers{0};
  std::atomic<uint64_t> subscriptions{0};
  std::atomic<uint64_t> live{0};
  std::atomic<uint64_t> delivered{0};  // events handed to sinks
  std::atomic<uint64_t> writes{0};
  std::atomic<uint64_t> fell_behind{0};  // a full batch sent a live one back to the log
  std::atomic<uint64_t> stuck{0};
};

class Shard {
 public:
  using Task = absl::AnyInvocable<void()>;

  Shard(const Window& window, LogReader& log, Clock& clock, ShardOptions options);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // Called (from any thread) when there is work that RunOnce has not been told of and will not see
  // at the time it asked for. Set before all else.
  void SetBell(std::function<void()> bell) { bell_ = std::move(bell); }

  // Any thread: the window has grown.
  void Ring();
  // Any thread: runs `task` on the owner's thread, in order of posting.
  void Post(Task task);

  // Does what there is to do, bounded; answers when to be called again without a bell (monotonic;
  // may be InfiniteDuration). Work that is left over rings the bell itself.
  absl::Duration RunOnce();

  // `bookmark_interval`: a cursor is sent when none was for so long; zero: never by itself.
  SubscriberId Add(Sink* sink, absl::Duration bookmark_interval);
  // Nothing is written to the sink any more. Unknown ids are ignored: completions may come late.
  void Remove(SubscriberId id);

  // A known tag is replaced at this exact place in its stream, or at the start given; the new
  // filter is in force after kSubscribed.
  void Subscribe(SubscriberId id, SubscribeOptions options);
  // False when there is no such subscription.
  bool Unsubscribe(SubscriberId id, SubscriptionTag tag);
  // False also for one whose kEnded is still on its way to the sink.
  bool Has(SubscriberId id, SubscriptionTag tag) const;
  // Queues a kBookmark with the note, in order. Its cursor has epoch 0 while a subscription's place
  // is not known yet.
  void Bookmark(SubscriberId id, BookmarkNote note);
  // The write has left the sink.
  void Written(SubscriberId id);

  // The place up to which live subscriptions have been served.
  const Cursor& position() const { return position_; }
  const ShardStats& stats() const { return stats_; }
  // From any thread: as of the end of the last turn or the last Remove.
  MemoryUse memory() const { return published_.Get(); }
  // Bytes that pending batches hold now.
  size_t pending_bytes() const { return pending_total_; }

 private:
  struct Overflow {
    Subscriber* subscriber;
    Cursor place;
  };
  struct Ready {
    SubscriberId id;
    SubscriptionTag tag;
  };

  void Wake();
  absl::Duration NextTurn();
  void RunTasks();
  // The window's news, to the live ones.
  void DrainWindow();
  void RetryAhead();
  void Deliver();
  void AddToRun(IndexEntry& entry, const EventPtr& event);
  void EndPass();
  void DeliverRun(const EventRun& run);
  void DeliverPart(const EventRun& run, std::span<const Item> items);
  void DeliverTo(Subscription& subscription, std::span<const Item> items, uint64_t number);
  void DeliverMerged(Subscriber& subscriber);
  void CollectRuns();
  void HandOutRuns();
  void SendOverflowedBack();
  bool Queue(Subscription& subscription, const EventPtr& event);
  Cursor PlaceBefore(const EventRecord& event) const;
  void NoticeReset(const Window::View& view);
  void AllFallBehind();
  void FallBehind(Subscriber& subscriber, const Cursor& place);

  // A subscription's way from its start to live.
  void Begin(Subscription& subscription, const StartPoint& start);
  void Announce(Subscription& subscription, const Cursor& place, bool recovered);
  void BecomeLive(Subscription& subscription);
  void StopLive(Subscription& subscription, const Cursor& place);
  void OpenLog(Subscription& subscription, const StartPoint& start);
  void OnLogSlice(SubscriberId id, SubscriptionTag tag, LogSlice slice);
  void TakeSlice(Subscription& subscription, const LogSlice& slice);
  // False when the gap ended the subscription.
  bool TellGap(Subscription& subscription, const Gap& gap, const LogSlice& held);
  // The events are those that the filter matches.
  void DeliverBehind(Subscription& subscription, const std::vector<EventPtr>& events);
  void MakeReady(Subscription& subscription);
  void MakeReady(Subscriber& subscriber);
  void ServeReady();
  // One slice; false when there was nothing to do now.
  bool ServeSlice(Subscription& subscription);
  bool ReadWindow(Subscription& subscription);
  void End(Subscription& subscription, absl::Status status);
  void Erase(Subscription& subscription);

  // Writing.
  bool Full(const Subscriber& subscriber) const;
  bool HasAWriteFull(const Subscriber& subscriber) const;
  void Touch(Subscriber& subscriber);
  void FlushTouched();
  void Flush(Subscriber& subscriber);
  // True when it has left already.
  bool Send(Subscriber& subscriber, const WriteView& view);

  // Counting (shard_memory.cc). Each is called where what it counts has changed.
  void CountSubscriptions(Subscriber& subscriber);
  void CountSubscription(Subscription& subscription);
  void CountBatch(Subscriber& subscriber);
  void CountRun(EventRun& run);
  void DropRuns(size_t kept);
  void CountOff(const Subscriber& subscriber);
  void CountOff(const Subscription& subscription);
  void PublishMemory();

  // Failing (shard_failed.cc): runs `call`; when it throws, the subscriber fails.
  template <class Call>
  void Guarded(Subscriber& subscriber, Call call);
  void Fail(Subscriber& subscriber, const char* why);
  void EndFailed();

  void Sweep();
  void SweepOne(Subscriber& subscriber);
  void QueueBookmark(Subscriber& subscriber, BookmarkNote note);
  Cursor SafePlace(const Subscriber& subscriber) const;
  Subscriber* Find(SubscriberId id) const;

  const Window& window_;
  LogReader& log_;
  Clock& clock_;
  const ShardOptions options_;
  std::function<void()> bell_;

  std::atomic<bool> rung_{false};   // the window's news: a turn comes
  std::atomic<bool> woken_{false};  // as rung_, for what does not wait for the tick
  Mutex mutex_;
  std::vector<Task> tasks_ ABSL_GUARDED_BY(mutex_);

  // The owner's.
  Cursor position_;
  bool open_ = false;  // the window has been started
  uint64_t resets_seen_ = 0;
  SubscriptionIndex index_;
  absl::flat_hash_map<SubscriberId, std::unique_ptr<Subscriber>> subscribers_;
  SubscriberId next_id_ = 1;
  std::vector<SubscriberId> touched_;
  std::vector<std::unique_ptr<EventRun>> runs_;  // of a pass: the first runs_used_
  size_t runs_used_ = 0;
  uint64_t next_run_ = 1;
  std::vector<Subscriber*> merging_;
  std::vector<Overflow> overflowed_;
  std::deque<Ready> ready_;   // behind ones that can be given a slice; each at most once
  std::vector<Ready> ahead_;  // places that the window has yet to reach
  Window::Slice drained_;
  absl::Duration now_;
  absl::Duration last_flush_ = -absl::InfiniteDuration();
  bool tick_ = true;   // of this turn: the last flush is a tick ago
  bool sent_ = false;  // in this turn
  bool some_failed_ = false;
  absl::Duration sweep_due_ = absl::ZeroDuration();
  absl::Duration sweep_interval_ = absl::Seconds(1);
  size_t pending_total_ = 0;
  MemoryUse memory_;  // the bytes that are counted as they come and go
  PublishedMemoryUse published_;
  ShardStats stats_;
};

template <class Call>
void Shard::Guarded(Subscriber& subscriber, Call call) {
  try {
    call();
  } catch (const std::exception& error) {
    Fail(subscriber, error.what());
  }
}

}  // namespace tocsin
