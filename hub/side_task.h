// side_task.h: does work of the sequencer that takes long on a thread beside it, so that publishes
// do not wait for it.
//
// Shape:   one task at a time: begun, done, and its outcome then taken.
// Threads: Start, Stop, Begin, Wait and TakeDone on the sequencer's thread, or before it starts and
//          after it has ended; tasks and `on_done` on its own.
// Owns:    its thread, and the task.
// Errors:  the task's own, when its outcome is taken.
#pragma once

#include <functional>
#include <optional>
#include <thread>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "core/base/mutex.h"

namespace tocsin::hub {

class SideTask {
 public:
  using Task = absl::AnyInvocable<absl::Status()>;

  explicit SideTask(std::function<void()> on_done) : on_done_(std::move(on_done)) {}
  ~SideTask() { Stop(); }

  // `name`: of the thread, at most 15 characters.
  void Start(const char* name);
  // Does what was begun, and ends the thread. May be called twice.
  void Stop();

  bool running() const { return thread_.joinable(); }
  // Nothing where one is under way, or is not taken yet.
  void Begin(Task task);
  // Returns when no task is under way.
  void Wait();
  // Its outcome, once; nothing before it is done.
  std::optional<absl::Status> TakeDone();

 private:
  void Run();
  void RunOne(Task& task);

  const std::function<void()> on_done_;
  std::thread thread_;
  Mutex mutex_;
  CondVar changed_;
  std::optional<Task> task_ ABSL_GUARDED_BY(mutex_);  // until it is done
  std::optional<absl::Status> done_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tocsin::hub
