// task_thread.h: a thread that runs what it is given, in order: for work that would keep another
// thread from its own.
//
// Threads: Run from any. Tasks run on the thread, and do not throw.
// Owns:    the thread, and the tasks that wait: at most so many.
// Errors:  Run answers false when as many wait as may, before Start, and after Stop.
#pragma once

#include <cstddef>
#include <deque>
#include <thread>

#include "absl/functional/any_invocable.h"
#include "core/base/mutex.h"

namespace tocsin {

class TaskThread {
 public:
  using Task = absl::AnyInvocable<void()>;

  explicit TaskThread(size_t max_waiting) : max_waiting_(max_waiting) {}
  ~TaskThread() { Stop(); }
  TaskThread(const TaskThread&) = delete;
  TaskThread& operator=(const TaskThread&) = delete;

  // `name`: of the thread, at most 15 characters.
  void Start(const char* name);
  // Runs the tasks that wait, and ends the thread. May be called twice.
  void Stop();
  // The task is left unused where the answer is false.
  bool Run(Task& task);

 private:
  void RunTasks();

  const size_t max_waiting_;
  std::thread thread_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<Task> tasks_ ABSL_GUARDED_BY(mutex_);
  bool open_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tocsin
