// bell.h: tells a shard's thread that there is work.
//
// Shape:   Ring says that the window has new events, which may wait for the end of a tick. Wake is
//          for everything else. A bell that was rung is not rung again before a turn has begun.
// Threads: Ring and Wake from any thread; the rest on the shard's.
#pragma once

#include <atomic>
#include <functional>
#include <utility>

namespace tocsin {

class Bell {
 public:
  // `ring` is called from any thread. Call this before anything else.
  void Set(std::function<void()> ring) { ring_ = std::move(ring); }

  void Ring() { Once(rung_); }
  void Wake() { Once(woken_); }

  void BeginTurn() {
    woken_.store(false);
    rung_.store(false);
  }
  // A turn is scheduled for the end of the tick. Until then Ring does nothing.
  void HoldNews() { rung_.store(true); }

 private:
  void Once(std::atomic<bool>& done) {
    if (!done.exchange(true) && ring_) {
      ring_();
    }
  }

  std::function<void()> ring_;
  std::atomic<bool> rung_{false};
  std::atomic<bool> woken_{false};
};

}  // namespace tocsin
