// interrupt.h: Ctrl-C (also SIGTERM and SIGHUP) as a condition that a command can ask for and wait
// for, and that cancels what it is doing. A second one ends the process at once.
//
// Threads: made in main's thread before any other; then safe from all.
#pragma once

#include <functional>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/base/shutdown.h"

namespace tocsin::cli {

class Interrupt {
 public:
  Interrupt() : watcher_([this](int) { Raise(); }) {}

  bool Raised();
  // Returns false when it was interrupted before the time was over.
  bool Sleep(absl::Duration time);

  // Calls `cancel` when interrupted (at once if it already is), for as long as the guard lives.
  class Guard {
   public:
    Guard(Interrupt& interrupt, std::function<void()> cancel);
    ~Guard();
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    Interrupt& interrupt_;
  };

 private:
  void Raise();

  Mutex mutex_;
  CondVar changed_;
  bool raised_ ABSL_GUARDED_BY(mutex_) = false;
  // Called under the mutex, so that a guard's end waits for it; a gRPC TryCancel, which does not
  // block.
  std::function<void()> cancel_ ABSL_GUARDED_BY(mutex_);
  SignalWatcher watcher_;  // last: its thread uses the rest
};

}  // namespace tocsin::cli
