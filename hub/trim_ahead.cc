#include "hub/trim_ahead.h"

#include <pthread.h>

#include <utility>

#include "core/base/stand_back.h"

namespace tocsin::hub {

void TrimAhead::Start() {
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "trim");
}

void TrimAhead::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void TrimAhead::Begin(absl::Time now) {
  {
    MutexLock lock(mutex_);
    if (wanted_ || done_) {
      return;
    }
    wanted_ = now;
  }
  changed_.NotifyAll();
}

std::optional<absl::Status> TrimAhead::TakeDone() {
  MutexLock lock(mutex_);
  return std::exchange(done_, std::nullopt);
}

void TrimAhead::Run() {
  StandBack();
  while (true) {
    absl::Time now;
    {
      MutexLock lock(mutex_);
      while (!wanted_ && !stopping_) {
        changed_.Wait(mutex_);
      }
      if (stopping_) {
        return;
      }
      now = *wanted_;
    }
    const absl::Status status = log_.PrepareTrim(retention_, now);
    {
      MutexLock lock(mutex_);
      wanted_.reset();
      done_ = status;
    }
    on_done_();
  }
}

}  // namespace tocsin::hub
