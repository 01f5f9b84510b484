#include "core/base/task_thread.h"

#include <pthread.h>

#include <utility>

namespace tocsin {

void TaskThread::Start(const char* name) {
  {
    MutexLock lock(mutex_);
    open_ = true;
  }
  thread_ = std::thread([this] { RunTasks(); });
  pthread_setname_np(thread_.native_handle(), name);
}

void TaskThread::Stop() {
  {
    MutexLock lock(mutex_);
    open_ = false;
  }
  changed_.NotifyAll();
  if (thread_.joinable()) {
    thread_.join();
  }
}

bool TaskThread::Run(Task& task) {
  {
    MutexLock lock(mutex_);
    if (!open_ || tasks_.size() >= max_waiting_) {
      return false;
    }
    tasks_.push_back(std::move(task));
  }
  changed_.NotifyOne();
  return true;
}

void TaskThread::RunTasks() {
  while (true) {
    Task task;
    {
      MutexLock lock(mutex_);
      while (tasks_.empty() && open_) {
        changed_.Wait(mutex_);
      }
      if (tasks_.empty()) {
        return;
      }
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    std::move(task)();
  }
}

}  // namespace tocsin
