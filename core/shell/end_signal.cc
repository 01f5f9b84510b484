#include "core/shell/end_signal.h"

#include <csignal>
#include <cstdlib>

#include "core/base/log.h"

namespace tocsin {

int EndSignal::Wait() {
  MutexLock lock(mutex_);
  while (signal_ == 0) {
    changed_.Wait(mutex_);
  }
  return signal_;
}

void EndSignal::Request() {
  MutexLock lock(mutex_);
  if (signal_ == 0) {
    signal_ = SIGTERM;
    changed_.NotifyAll();
  }
}

void EndSignal::OnReload(std::function<void()> reload) {
  MutexLock lock(reload_mutex_);
  reload_ = std::move(reload);
}

void EndSignal::On(int signal) {
  if (signal == SIGHUP) {
    MutexLock lock(reload_mutex_);
    return reload_ != nullptr ? reload_() : void();
  }
  {
    MutexLock lock(mutex_);
    if (signal_ == 0) {
      signal_ = signal;
      changed_.NotifyAll();
      return;
    }
  }
  LogWarning("ended by a second signal", {{"signal", SignalName(signal)}});
  std::_Exit(128 + signal);
}

}  // namespace tocsin
