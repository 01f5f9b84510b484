// hub_loop.h: the event loop of a thread that reads streams from the hub.
//
// Shape:   the thread waits on one completion queue for finished gRPC operations, for tasks that
//          other threads posted, and for timers of the monotonic clock. Tasks and timers wake it by
//          an alarm on the queue.
// Threads: Post and Stop from any. The rest is for the thread that runs the loop, or for any one
//          thread while none does.
// Owns:    the calls, until gRPC has let go of them. The destructor cancels them and waits for
//          that. Streams (hub_stream.h) are destroyed before their loop.
// Errors:  a task that is posted after Stop is destroyed without being run.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/rpc/wake_timer.h"

namespace tocsin::rpc {

class HubLoop {
 public:
  using Task = std::function<void()>;

  // A call whose operations end in the loop's queue, one at a time, with the call as their tag.
  class Call {
   public:
    virtual ~Call() = default;
    // An operation has ended. Returns false when it was the last one; the loop then destroys the
    // call.
    virtual bool OnOperation(bool ok) = 0;
    // The call is no longer needed: cancels it, and its operations then end soon.
    virtual void Abandon() = 0;
  };

  HubLoop();
  ~HubLoop();
  HubLoop(const HubLoop&) = delete;
  HubLoop& operator=(const HubLoop&) = delete;

  // Any thread. The task runs on the loop's thread.
  void Post(Task task);
  void Stop();

  // Returns after Stop.
  void Run();

  // Runs the task once, after the wait, unless it is cancelled by its key.
  using TimerKey = std::pair<absl::Duration, uint64_t>;
  TimerKey After(absl::Duration wait, Task task);
  void CancelTimer(const TimerKey& key) { timers_.erase(key); }

  grpc::CompletionQueue* queue() { return &queue_; }
  // Takes ownership of a call that has an operation under way.
  void Adopt(std::unique_ptr<Call> call);

 private:
  void OnOperation(void* tag, bool ok);
  bool ForgetTasks();
  void RunTasks();
  void RunTimers();
  void Ring();

  grpc::CompletionQueue queue_;
  bool running_ = true;
  absl::flat_hash_map<void*, std::unique_ptr<Call>> calls_;
  std::map<TimerKey, Task> timers_;
  uint64_t timers_made_ = 0;

  // No leaf: the alarm is set under it, so that the queue is not shut down meanwhile.
  Mutex mutex_;
  std::vector<Task> tasks_ ABSL_GUARDED_BY(mutex_);
  bool rung_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Alarm alarm_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<WakeTimer> wake_;  // its thread rings: ends before the queue does
};

}  // namespace tocsin::rpc
