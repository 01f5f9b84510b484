#include "bridge/upstream/catch_up_slots.h"

#include <algorithm>
#include <utility>

namespace tocsin::bridge {

void CatchUpSlots::Take(Start start) {
  bool now = false;
  {
    MutexLock lock(mutex_);
    ++users_;
    now = free_ > 0;
    if (now) {
      --free_;
    } else {
      waiting_.push_back(std::move(start));
    }
  }
  if (now) {
    if (!start()) {
      Give(End::kDone);
    }
    return;
  }
  while (const std::shared_ptr<Holder> holder = NextToYield()) {
    if (!holder->Yield()) {
      Refused();
    }
  }
}

void CatchUpSlots::Give(End end) {
  for (Start next = NextInLine(end); next && !next();) {
    next = NextInLine(End::kDone);
  }
}

bool CatchUpSlots::Rest(std::shared_ptr<Holder> holder) {
  MutexLock lock(mutex_);
  if (waiting_.size() > yielding_) {
    ++yielding_;
    return false;
  }
  resting_.push_back(std::move(holder));
  return true;
}

void CatchUpSlots::Rouse(const Holder* holder) {
  MutexLock lock(mutex_);
  std::erase_if(resting_, [holder](const auto& resting) { return resting.get() == holder; });
}

void CatchUpSlots::WaitForAll() {
  MutexLock lock(mutex_);
  while (users_ > 0) {
    changed_.Wait(mutex_);
  }
}

CatchUpSlots::Start CatchUpSlots::NextInLine(End end) {
  MutexLock lock(mutex_);
  --users_;
  changed_.NotifyAll();
  yielding_ -= end == End::kYielded ? 1 : 0;
  if (waiting_.empty()) {
    ++free_;
    return nullptr;
  }
  Start next = std::move(waiting_.front());
  waiting_.pop_front();
  return next;
}

std::shared_ptr<CatchUpSlots::Holder> CatchUpSlots::NextToYield() {
  MutexLock lock(mutex_);
  if (resting_.empty() || waiting_.size() <= yielding_) {
    return nullptr;
  }
  ++yielding_;
  std::shared_ptr<Holder> holder = std::move(resting_.front());
  resting_.pop_front();
  return holder;
}

void CatchUpSlots::Refused() {
  MutexLock lock(mutex_);
  --yielding_;
}

}  // namespace tocsin::bridge
