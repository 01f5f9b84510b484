#include "bridge/upstream/replay_slots.h"

#include "core/base/planted.h"

namespace tocsin::bridge {

void ReplaySlots::Take(Holder& holder) {
  if (free_ > 0) {
    --free_;
    holder.OnSlot();
  } else if (!resting_.empty()) {
    Holder* longest = resting_.front();
    resting_.pop_front();
    longest->OnYield();
    holder.OnSlot();
  } else {
    waiting_.push_back(&holder);
  }
}

void ReplaySlots::Rest(Holder& holder) {
  if (waiting_.empty()) {
    resting_.push_back(&holder);
    return;
  }
  holder.OnYield();
  Pass();
}

void ReplaySlots::Rouse(Holder& holder) { std::erase(resting_, &holder); }

void ReplaySlots::Leave(Holder& holder, bool has_slot) {
  std::erase(waiting_, &holder);
  std::erase(resting_, &holder);
  if (has_slot && !Planted("replay-keeps-slot")) {
    Pass();
  }
}

// Gives a slot that has become free to the next holder.
void ReplaySlots::Pass() {
  if (waiting_.empty()) {
    ++free_;
    return;
  }
  Holder* next = waiting_.front();
  waiting_.pop_front();
  next->OnSlot();
}

}  // namespace tocsin::bridge
