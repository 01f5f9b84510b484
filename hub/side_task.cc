#include "hub/side_task.h"

#include <pthread.h>

namespace tocsin::hub {

void SideTask::Start(const char* name) {
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), name);
}

void SideTask::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void SideTask::Begin(Task task) {
  {
    MutexLock lock(mutex_);
    if (task_ || done_) {
      return;
    }
    task_ = std::move(task);
  }
  changed_.NotifyAll();
}

void SideTask::Wait() {
  MutexLock lock(mutex_);
  while (task_) {
    changed_.Wait(mutex_);
  }
}

std::optional<absl::Status> SideTask::TakeDone() {
  MutexLock lock(mutex_);
  return std::exchange(done_, std::nullopt);
}

void SideTask::Run() {
  while (true) {
    Task task;
    {
      MutexLock lock(mutex_);
      while (!task_ && !stopping_) {
        changed_.Wait(mutex_);
      }
      if (!task_) {
        return;
      }
      task = std::move(*task_);
    }
    RunOne(task);
  }
}

void SideTask::RunOne(Task& task) {
  absl::Status status = task();
  {
    MutexLock lock(mutex_);
    task_.reset();
    done_ = std::move(status);
  }
  changed_.NotifyAll();
  on_done_();
}

}  // namespace tocsin::hub
