// writer.h: hands outboxes to their sinks, with at most one write in flight for each.
//
// Shape:   the subscribers that were touched in a turn are flushed together, at most once a tick.
//          An outbox that holds a full write does not wait for the tick.
// Threads: the shard's.
// Errors:  an exception while one subscriber is served closes that one and no other (Guarded); the
//          shard ends it once no pass is under way.
#pragma once

#include <exception>
#include <span>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/stream/bell.h"
#include "core/stream/shard_options.h"
#include "core/stream/subscriber.h"

namespace tocsin {

class Writer {
 public:
  Writer(SubscriberTable& subscribers, Bell& bell, Clock& clock, const ShardOptions& options,
         ShardStats& stats)
      : subscribers_(subscribers), bell_(bell), clock_(clock), options_(options), stats_(stats) {}

  void BeginTurn();
  void EndTurn();
  absl::Duration now() const { return now_; }
  // True when the last turn that sent something is at least a tick ago.
  bool tick() const { return tick_; }
  absl::Duration tick_end() const { return last_flush_ + options_.hot_tick; }

  // True when as much waits as may: a live subscription then falls behind.
  bool IsFull(const Subscriber& subscriber) const;
  // False when a full write waits: a subscription that is behind is then given no more.
  bool HasRoom(const Subscriber& subscriber) const;

  // True when as much is held, or was passed over, as may be before it is given.
  bool IsFull(const Stretch& stretch) const;
  // Queues what the subscription's stretch holds, where it has one.
  void GiveStretch(Subscription& subscription);

  // Notes that it has something to be flushed.
  void Touch(Subscriber& subscriber);
  void FlushTouched();
  void Flush(Subscriber& subscriber);
  // Writes straight to the sink, past the outbox. Only while the subscriber is not closed, and has
  // nothing pending and no write in flight.
  void Send(Subscriber& subscriber, const WriteView& view);
  // The write in flight is done.
  void Written(Subscriber& subscriber);
  // True when a write is in flight and the peer has taken nothing of it for too long.
  bool IsStuck(Subscriber& subscriber);

  // Runs `call`; when it throws, the subscriber is closed.
  template <class Call>
  void Guarded(Subscriber& subscriber, Call call);
  void Fail(Subscriber& subscriber, const char* why);
  // Those that have failed since the last call.
  std::vector<SubscriberId> TakeFailed() { return std::exchange(failed_, {}); }
  // Those that have room again because their writes were done at once, since the last call.
  std::vector<SubscriberId> TakeRelieved() { return std::exchange(relieved_, {}); }

 private:
  SubscriberTable& subscribers_;
  Bell& bell_;
  Clock& clock_;
  const ShardOptions& options_;
  ShardStats& stats_;
  absl::Duration now_;
  absl::Duration last_flush_ = -absl::InfiniteDuration();
  bool tick_ = true;
  bool sent_ = false;  // in this turn
  std::vector<SubscriberId> touched_;
  std::vector<SubscriberId> relieved_;
  std::vector<SubscriberId> failed_;
};

template <class Call>
void Writer::Guarded(Subscriber& subscriber, Call call) {
  try {
    call();
  } catch (const std::exception& error) {
    Fail(subscriber, error.what());
  }
}

}  // namespace tocsin
