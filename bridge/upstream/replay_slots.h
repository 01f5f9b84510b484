// replay_slots.h: limits how many replays have a stream open at the hub at a time.
//
// Shape:   a fixed number of slots, given in the order of asking. A replay that has made progress
//          and is asked for nothing more rests: it keeps its slot until another one waits for it.
//          The one that has rested longest yields first, so a slow client does not delay others.
// Threads: the replays' loop alone.
// Owns:    nothing. A holder leaves before it dies.
#pragma once

#include <cstddef>
#include <deque>

namespace tocsin::bridge {

class ReplaySlots {
 public:
  class Holder {
   public:
    virtual ~Holder() = default;
    // The slot is the holder's from now on.
    virtual void OnSlot() = 0;
    // The slot is no longer the holder's: it closes its stream. Only while it rests.
    virtual void OnYield() = 0;
  };

  explicit ReplaySlots(size_t slots) : free_(slots) {}

  // OnSlot comes at once or later. For a holder without a slot that does not wait for one.
  void Take(Holder& holder);
  // The holder reads nothing at present. May be answered by OnYield.
  void Rest(Holder& holder);
  // The holder, which rests or has just stopped to, reads on.
  void Rouse(Holder& holder);
  // The holder wants no slot any more. `has_slot`: it has one, which goes to who waits longest.
  void Leave(Holder& holder, bool has_slot);

 private:
  void Pass();

  size_t free_;
  std::deque<Holder*> waiting_;  // at most one a replay
  std::deque<Holder*> resting_;  // at most one a slot
};

}  // namespace tocsin::bridge
