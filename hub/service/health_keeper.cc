#include "hub/service/health_keeper.h"

#include <utility>

namespace tocsin::hub {

HealthKeeper::HealthKeeper(std::function<bool()> serves, std::function<void(bool)> set)
    : serves_(std::move(serves)), set_(std::move(set)) {
  set_(false);
  {
    MutexLock lock(mutex_);
    Look();
  }
  thread_ = std::thread([this] { Run(); });
}

void HealthKeeper::Run() {
  MutexLock lock(mutex_);
  while (!stopping_) {
    changed_.WaitFor(mutex_, absl::Milliseconds(500));
    Look();
  }
}

void HealthKeeper::Look() {
  const bool serves = !stopping_ && serves_();
  if (serves != told_) {
    told_ = serves;
    set_(serves);
  }
}

void HealthKeeper::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    Look();
  }
  changed_.NotifyAll();
  if (thread_.joinable()) {
    thread_.join();
  }
}

}  // namespace tocsin::hub
