// end_signal.h: the signal that asks a program to end.
//
// Shape:   the first SIGTERM or SIGINT is waited for; a second one ends the process at once, since
//          whoever sends it does not want to wait for the drain. SIGHUP calls what OnReload was
//          given.
// Threads: made on the first thread, before any other; Wait on any.
#pragma once

#include <functional>

#include "core/base/mutex.h"
#include "core/base/shutdown.h"

namespace tocsin {

class EndSignal {
 public:
  EndSignal() : watcher_([this](int signal) { On(signal); }) {}

  // The signal's number.
  int Wait();
  // As if the first SIGTERM had come. Without effect once one has.
  void Request();
  // `reload` is called on a thread of its own. Once OnReload returns, the one before it is not
  // called any more.
  void OnReload(std::function<void()> reload);

 private:
  void On(int signal);

  Mutex mutex_;
  CondVar changed_;
  int signal_ ABSL_GUARDED_BY(mutex_) = 0;
  Mutex reload_mutex_;  // held while reload_ runs
  std::function<void()> reload_ ABSL_GUARDED_BY(reload_mutex_);
  SignalWatcher watcher_;  // last: its thread uses the rest
};

}  // namespace tocsin
