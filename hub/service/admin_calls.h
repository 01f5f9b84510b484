// admin_calls.h: the calls of tocsin.v1.Admin that come over the hub's port, on a thread of their
// own: an Admin waits for the shards, on which the calls come.
//
// Threads: Run from any; `call` runs on the thread, or, where there is no Admin or too much waits,
//          on the caller's. The others on the hub's.
// Owns:    the thread. The Admin is the program's, from Use on until Use(nullptr) has returned.
// Errors:  SERVICE_UNAVAILABLE while there is no Admin, RATE_LIMIT_EXCEEDED when many calls wait.
#pragma once

#include <atomic>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "core/admin/admin.h"
#include "core/base/mutex.h"
#include "core/base/task_thread.h"

namespace tocsin::hub {

class AdminCalls {
 public:
  // Operators ask, seldom.
  static constexpr size_t kMaxWaiting = 16;

  // Called once: with the Admin, or with why there is none.
  using AdminCall = absl::AnyInvocable<void(absl::StatusOr<Admin*>)>;

  void Start() { thread_.Start("admin"); }
  // Runs what waits.
  void Stop() { thread_.Stop(); }
  // Null: there is none any more. Waits for the call under way.
  void Use(Admin* admin);
  void Run(AdminCall call);

 private:
  TaskThread thread_{kMaxWaiting};
  std::atomic<bool> open_ = false;  // whether there is an Admin, for those that must not wait
  Mutex mutex_;                     // held around a call
  Admin* admin_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace tocsin::hub
