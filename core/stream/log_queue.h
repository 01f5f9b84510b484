// log_queue.h: subscriptions that wait for a reading of the log.
//
// Shape:   those that come back, who start after a cursor, come before newcomers, who start at the
//          beginning or at a time: of kTurns one is a newcomer's, so that these come to their turn as
//          well. Of each kind, the one that has waited longest comes first. Those with the same start
//          share a reading, and those that start a little later join it when it reaches their place,
//          so that a crowd takes few readings.
// Threads: the shard's.
// Owns:    nothing: a subscription must be taken out before it is destroyed.
// Source:  docs/adr/0033-who-comes-back-first.md
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
  // Nearly all of the readings go to those who come back, as long as they wait.
  static constexpr size_t kTurns = 8;

  // Those that are to share a reading.
  struct Party {
    StartPoint start;
    std::vector<Subscription*> members;
    bool others_follow = false;  // others in the queue will join it on the way
  };

  bool empty() const { return returning_.empty() && newcomers_.empty(); }
  size_t bytes() const { return (returning_.size() + newcomers_.size()) * kNodeBytes; }
  void Push(Subscription& subscription);
  void Remove(Subscription& subscription);

  // Takes out the party of the one whose turn it is. `will_pass(place)` says whether a
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

  Waiting& LineOf(const Subscription& subscription);
  bool IsNewcomersTurn();
  Party PartyOf(const Subscription& first);

  Waiting returning_;  // each starts after a cursor
  Waiting newcomers_;
  size_t turns_ = 0;  // since a newcomer had one
};

// True when `place` lies at or shortly after `from`.
bool IsShortlyAfter(const Cursor& from, const Cursor& place);

template <class WillPass>
std::optional<LogQueue::Party> LogQueue::Next(WillPass will_pass) {
  if (IsNewcomersTurn()) {
    return PartyOf(*newcomers_.front());
  }
  for (size_t looked = 0; looked < kLookAt && looked < returning_.size(); ++looked) {
    const Subscription& first = *returning_.front();
    if (!will_pass(std::get<Cursor>(first.start))) {
      return PartyOf(first);
    }
    returning_.splice(returning_.end(), returning_, returning_.begin());
  }
  return newcomers_.empty() ? std::nullopt : std::optional(PartyOf(*newcomers_.front()));
}

}  // namespace tocsin
