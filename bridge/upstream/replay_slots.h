// replay_slots.h: bounds how many replays have a stream open at the hub at the same time.
//
// Shape:   a fixed number of slots, given in the order of asking. A replay that has made progress
//          and is asked for nothing more rests: it keeps its slot until another replay waits for
//          one. The replay that has rested longest yields first, so that a slow client does not
//          delay others.
// Threads: the replays' loop only.
// Owns:    nothing. A holder calls Leave before it is destroyed.
#pragma once

#include <cstddef>
#include <deque>

namespace tocsin::bridge {

class ReplaySlots {
 public:
  class Holder {
   public:
    virtual ~Holder() = default;
    // The holder has the slot from now on.
    virtual void OnSlot() = 0;
    // The holder loses the slot and closes its stream. Only called while the holder rests.
    virtual void OnYield() = 0;
  };

  explicit ReplaySlots(size_t slots) : free_(slots) {}

  // Calls OnSlot, at once or later. For a holder that neither has a slot nor waits for one.
  void Take(Holder& holder);
  // The holder reads nothing at present. May call OnYield.
  void Rest(Holder& holder);
  // The holder reads on.
  void Rouse(Holder& holder);
  // The holder wants no slot any more. If it has one, the holder that has waited longest gets it.
  void Leave(Holder& holder, bool has_slot);

 private:
  void Pass();

  size_t free_;
  std::deque<Holder*> waiting_;  // at most one a replay
  std::deque<Holder*> resting_;  // at most one a slot
};

}  // namespace tocsin::bridge
