// log_queue.h: subscriptions that wait for a reading of the log.
//
// Shape:   the longest waiting first. Those with the same start share a reading, and those that
//          start a little later join it when it comes by: so a crowd takes few readings.
// Threads: the shard's.
// Owns:    nothing: a subscription is taken out before it goes.
#pragma once

#include <optional>
#include <vector>

#include "core/event/limits.h"
#include "core/stream/subscriber.h"

namespace tocsin {

class LogQueue {
 public:
  // Events that a subscription is willing to have others read before its own: about four slices,
  // which take less time than to wait for a reading of its own.
  static constexpr Sequence kNear = 4 * limits::kReplayEvents;

  // Those who are to share a reading.
  struct Party {
    StartPoint start;
    std::vector<Subscription*> members;
    bool others_follow = false;  // some wait who will join on the way
  };

  bool empty() const { return waiting_.empty(); }
  size_t size() const { return waiting_.size(); }
  void Push(Subscription& subscription);
  void Remove(Subscription& subscription);

  // The party of the one that has waited longest, taken out of the queue. `will_pass(place)` says
  // of a place that a reading under way will soon come by: who starts there waits on. Nothing when
  // that is so of all that were looked at.
  template <class WillPass>
  std::optional<Party> Next(WillPass will_pass);

  // Those that start after `from`, up to and including `to`, both of one epoch; taken out.
  std::vector<Subscription*> TakeBetween(const Cursor& from, const Cursor& to);

 private:
  // A look at more would cost too much in one turn; the queue turns meanwhile.
  static constexpr size_t kLookAt = 16;

  Party PartyOf(const Subscription& first);
  void Rotate();

  Waiting waiting_;
};

// True when `place` lies at or shortly after `from`.
bool IsShortlyAfter(const Cursor& from, const Cursor& place);

template <class WillPass>
std::optional<LogQueue::Party> LogQueue::Next(WillPass will_pass) {
  for (size_t looked = 0; looked < kLookAt && looked < waiting_.size(); ++looked) {
    const Subscription& first = *waiting_.front();
    const Cursor* const cursor = std::get_if<Cursor>(&first.start);
    if (cursor == nullptr || !will_pass(*cursor)) {
      return PartyOf(first);
    }
    Rotate();
  }
  return std::nullopt;
}

}  // namespace tocsin
