// hub_loop.h: one thread's loop for its streams from the hub.
//
// Shape:   one wait serves three things: operations that gRPC has finished, tasks that other
//          threads posted, and timers of the monotonic clock. The last two ring the queue by an
//          alarm.
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
    // An operation has ended. False when it was the last one: the loop then destroys the call.
    virtual bool OnOperation(bool ok) = 0;
    // Nobody is interested any more: cancels the call, whose operations then end soon.
    virtual void Abandon() = 0;
  };

  HubLoop();
  ~HubLoop();
  HubLoop(const HubLoop&) = delete;
  HubLoop& operator=(const HubLoop&) = delete;

  // Any thread. The task runs on the loop's thread.
  void Post(Task task);
  void Stop();

  // Until Stop.
  void Run();

  // A timer, to be cancelled by its key. Run once, on the loop's thread.
  using TimerKey = std::pair<absl::Duration, uint64_t>;
  TimerKey After(absl::Duration wait, Task task);
  void CancelTimer(const TimerKey& key) { timers_.erase(key); }

  grpc::CompletionQueue* queue() { return &queue_; }
  // Takes the call over. It must have an operation under way.
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
