// pulse.h: whether the threads that serve clients still take turns.
//
// Shape:   twice a second each thread is posted a task, unless the last one still waits. A thread is
//          late when its task has waited for kLate. Only time in which the prober itself ran counts,
//          so a process that was suspended is not taken for a stuck one.
// Threads: Watch before Start; Late from any. Tests call Look instead of Start.
// Owns:    its thread. Stop comes before the watched threads end.
// Errors:  told in the log, when a thread becomes late and when it is well again.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/base/running_time.h"

namespace tocsin {

class Pulse {
 public:
  // Above any turn of a healthy thread on a busy machine, below what clients wait for an answer.
  static constexpr absl::Duration kLate = absl::Seconds(5);
  static constexpr absl::Duration kInterval = absl::Milliseconds(500);

  using Task = absl::AnyInvocable<void()>;
  // Has the thread run a task in a turn of its own; a task may also be dropped.
  using Post = std::function<void(Task)>;

  explicit Pulse(Clock& clock);
  ~Pulse() { Stop(); }
  Pulse(const Pulse&) = delete;
  Pulse& operator=(const Pulse&) = delete;

  // `name` as health tells it: "shard 0".
  void Watch(std::string name, Post post);
  void Start();
  void Stop();
  void Look();

  // "shard 0 has taken no turn for 7s" of each that is late; empty when all are well.
  std::string Late() const;

 private:
  struct Watched {
    std::string name;
    Post post;
    std::weak_ptr<bool> task;  // expired once it has run, or was dropped
    absl::Duration posted = absl::ZeroDuration();
    bool late = false;
  };

  void Run();
  void Look(Watched& watched, absl::Duration now);
  std::string Describe(absl::Duration now) const;

  Clock& clock_;
  RunningTime time_;
  std::vector<Watched> watched_;  // of whoever calls Look, once started
  mutable Mutex mutex_;
  CondVar changed_;
  std::string late_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace tocsin
