#include "core/stream/log_queue.h"

#include <iterator>

#include "core/base/check.h"
#include "core/base/planted.h"

namespace tocsin {

bool IsShortlyAfter(const Cursor& from, const Cursor& place) {
  return from.epoch == place.epoch && from.sequence <= place.sequence &&
         place.sequence - from.sequence <= LogQueue::kNear;
}

void LogQueue::Push(Subscription& subscription) {
  TOCSIN_CHECK(subscription.waits_for_room());
  Waiting& line = LineOf(subscription);
  subscription.queued = line.insert(line.end(), &subscription);
}

void LogQueue::Remove(Subscription& subscription) {
  LineOf(subscription).erase(*subscription.queued);
  subscription.queued.reset();
}

Waiting& LogQueue::LineOf(const Subscription& subscription) {
  return std::holds_alternative<Cursor>(subscription.start) && !Planted("newcomers-in-one-line")
             ? returning_
             : newcomers_;
}

bool LogQueue::IsNewcomersTurn() {
  if (newcomers_.empty() || (!returning_.empty() && ++turns_ < kTurns)) {
    return false;
  }
  turns_ = 0;
  return true;
}

// The party begins at the lowest start that lies shortly before that of `first`, so that those who
// start between the two need not wait again.
LogQueue::Party LogQueue::PartyOf(const Subscription& first) {
  Party party{.start = first.start, .members = {}};
  Cursor* const start = std::get_if<Cursor>(&party.start);
  if (start != nullptr) {
    const Cursor place = *start;
    for (const Subscription* each : returning_) {
      const Cursor* const cursor = std::get_if<Cursor>(&each->start);
      if (cursor != nullptr && IsShortlyAfter(*cursor, place) &&
          cursor->sequence < start->sequence) {
        *start = *cursor;
      }
    }
  }
  Waiting& line = LineOf(first);
  for (auto next = line.begin(); next != line.end();) {
    Subscription& each = **next++;
    if (each.start == party.start) {
      Remove(each);
      party.members.push_back(&each);
    } else if (const Cursor* const cursor = std::get_if<Cursor>(&each.start)) {
      party.others_follow |= start != nullptr && IsShortlyAfter(*start, *cursor);
    }
  }
  return party;
}

std::vector<Subscription*> LogQueue::TakeBetween(const Cursor& from, const Cursor& to) {
  std::vector<Subscription*> taken;
  for (auto next = returning_.begin(); next != returning_.end();) {
    Subscription& each = **next++;
    const Cursor* const cursor = std::get_if<Cursor>(&each.start);
    if (cursor != nullptr && cursor->epoch == from.epoch && cursor->sequence >= from.sequence &&
        cursor->sequence <= to.sequence) {
      Remove(each);
      taken.push_back(&each);
    }
  }
  return taken;
}

}  // namespace tocsin
