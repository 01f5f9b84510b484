// writer.h: hands outboxes to their sinks: one write in flight for each, at most one flush a tick.
//
// Shape:   a turn begins and ends; those touched in it are flushed together. A write's worth does
//          not wait for the tick, which is there for those who get little.
// Threads: the shard's.
// Errors:  what throws while one subscriber is served closes that one and no other (Guarded); the
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
  // True when the last turn that sent something is a tick ago.
  bool tick() const { return tick_; }
  absl::Duration tick_end() const { return last_flush_ + options_.hot_tick; }

  // Past it, one that is live reads from the log.
  bool IsFull(const Subscriber& subscriber) const;
  // False when a write's worth waits: one that is behind is given no more.
  bool HasRoom(const Subscriber& subscriber) const;

  // It has something to be flushed in the next turn.
  void Touch(Subscriber& subscriber);
  void FlushTouched();
  void Flush(Subscriber& subscriber);
  // Straight to the sink. Only with nothing pending and no write in flight, and while not closed.
  void Send(Subscriber& subscriber, const WriteView& view);
  // The write in flight has left the sink.
  void Written(Subscriber& subscriber);
  // True when a write is in flight and the peer has taken nothing of it for too long.
  bool IsStuck(Subscriber& subscriber);

  // Runs `call`; when it throws, the subscriber is closed.
  template <class Call>
  void Guarded(Subscriber& subscriber, Call call);
  void Fail(Subscriber& subscriber, const char* why);
  // Those that have failed since it was last asked.
  std::vector<SubscriberId> TakeFailed() { return std::exchange(failed_, {}); }
  // Those whose writes left at once and so have room again, since it was last asked.
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
