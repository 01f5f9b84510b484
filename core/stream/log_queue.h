// log_queue.h: subscriptions that wait for a reading of the log.
//
// Shape:   the one that has waited longest comes first. Those with the same start share a reading,
//          and those that start a little later join it when it reaches their place, so that a crowd
//          takes few readings.
// Threads: the shard's.
// Owns:    nothing: a subscription must be taken out before it is destroyed.
#pragma once

#include <optional>
#include <vector>

#include "core/event/limits.h"
#include "core/stream/subscriber.h"

namespace tocsin {

class LogQueue {
 public:
  // How many events before its own start a subscription may wait through when it shares a reading:
  // about four slices, which take less time than waiting for a reading of its own.
  static constexpr Sequence kNear = 4 * limits::kReplayEvents;

  // Those that are to share a reading.
  struct Party {
    StartPoint start;
    std::vector<Subscription*> members;
    bool others_follow = false;  // others in the queue will join it on the way
  };

  bool empty() const { return waiting_.empty(); }
  size_t bytes() const { return waiting_.size() * kNodeBytes; }
  void Push(Subscription& subscription);
  void Remove(Subscription& subscription);

  // Takes out the party of the one that has waited longest. `will_pass(place)` says whether a
  // reading under way will soon reach the place; who starts there goes on waiting. Nothing when all
  // that were looked at go on waiting.
  template <class WillPass>
  std::optional<Party> Next(WillPass will_pass);

  // Takes out those that start from `from` up to `to`, both included and of one epoch.
  std::vector<Subscription*> TakeBetween(const Cursor& from, const Cursor& to);

 private:
  // How many one call looks at, which bounds its cost. The queue is rotated, so the next call looks
  // at others.
  static constexpr size_t kLookAt = 16;
  // Of the list: a pointer and two links.
  static constexpr size_t kNodeBytes = 3 * sizeof(Waiting::value_type);

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
