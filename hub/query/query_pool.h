// query_pool.h: the threads that answer queries, so that none runs on a thread that sends events.
//
// Shape:   queries wait in one bounded queue and are run in turn. A query that needs the incident
//          index waits aside until that is loaded.
// Threads: Push and SetIndexLoaded from any. A query runs on a thread of the pool; without Start,
//          RunOnce runs it (tests).
// Owns:    its threads and what waits.
// Errors:  of Push: SERVICE_UNAVAILABLE with a time to try again when the queue is full, and once
//          stopped. Of a query: in its own answer.
#pragma once

#include <deque>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "core/base/mutex.h"

namespace tocsin::hub {

// Some ms of work each at the most: more would be given up by their clients before their turn.
inline constexpr size_t kWaitingQueries = 1'024;
// A long query leaves a thread to the others.
inline constexpr size_t kQueryThreads = 2;

class QueryPool {
 public:
  // Answers the query; with an error status, that it is refused.
  using Query = absl::AnyInvocable<void(const absl::Status& refused)>;
  enum class Needs { kLog, kIndex };

  ~QueryPool();

  // On error `query` was not called, and is not.
  absl::Status Push(Needs needs, Query query);
  void SetIndexLoaded();

  void Start();
  // What waits is refused with UNAVAILABLE. May be called twice.
  void Stop();
  // Runs one query. False when none is ready.
  bool RunOnce();

 private:
  struct Waiting {
    Needs needs;
    Query query;
  };
  bool Take(Waiting& next);
  bool TakeLocked(Waiting& next) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Run();

  std::vector<std::thread> threads_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
  bool index_loaded_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tocsin::hub
