// catch_up_slots.h: who may have a catch-up stream open, and who waits for one.
//
// Shape:   a fixed number of slots, taken in the order of asking. A stream whose reader asks for
//          nothing rests: it keeps its slot while no one waits, and is told to yield it otherwise,
//          the longest at rest first. A slow client so holds no one up.
// Threads: any. Start and Yield are called without a lock of this class held; Rest and Rouse may
//          be called under the caller's own.
// Owns:    what waits and what rests.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>

#include "core/base/mutex.h"

namespace tocsin::bridge {

class CatchUpSlots {
 public:
  // Answers false when it does not want the slot any more.
  using Start = std::function<bool()>;

  class Holder {
   public:
    virtual ~Holder() = default;
    // Asks a holder at rest to close its stream and then to Give. False when it does not rest.
    virtual bool Yield() = 0;
  };

  enum class End { kDone, kYielded };

  explicit CatchUpSlots(size_t slots) : free_(slots) {}

  // `start` runs now, or on the thread that gives a slot back.
  void Take(Start start);
  void Give(End end);

  // The holder has nothing to read. False when someone waits: it is to yield, and was not kept.
  bool Rest(std::shared_ptr<Holder> holder);
  // The holder reads on, or ends. One that was asked to yield meanwhile may refuse.
  void Rouse(const Holder* holder);

  // Until no one has a slot or waits for one.
  void WaitForAll();

 private:
  // Whose turn it is; nothing when no one waits, and the slot is free.
  Start NextInLine(End end);
  // Someone at rest, as long as more wait than yield.
  std::shared_ptr<Holder> NextToYield();
  void Refused();

  Mutex mutex_;
  CondVar changed_;
  size_t free_ ABSL_GUARDED_BY(mutex_);
  size_t users_ ABSL_GUARDED_BY(mutex_) = 0;     // with a slot or waiting for one
  size_t yielding_ ABSL_GUARDED_BY(mutex_) = 0;  // slots on their way to whoever waits
  std::deque<Start> waiting_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::shared_ptr<Holder>> resting_ ABSL_GUARDED_BY(mutex_);  // at most one a slot
};

}  // namespace tocsin::bridge
