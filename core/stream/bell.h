// bell.h: how a shard's thread is told that there is work.
//
// Shape:   Ring is for news of the window, which may wait for the end of a tick; Wake is for
//          everything else. A bell that has been rung and not yet answered by a turn is not rung
//          again.
// Threads: Ring and Wake from any thread; the rest on the shard's.
#pragma once

#include <atomic>
#include <functional>
#include <utility>

namespace tocsin {

class Bell {
 public:
  // Set before all else; called from any thread.
  void Set(std::function<void()> ring) { ring_ = std::move(ring); }

  void Ring() { Once(rung_); }
  void Wake() { Once(woken_); }

  void BeginTurn() {
    woken_.store(false);
    rung_.store(false);
  }
  // A turn will come at the end of the tick without a bell: until then news ring none.
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
