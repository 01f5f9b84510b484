// shared_order.h: one order of commits that several hubs append to: each hub has a log of its own
// that holds all of them, and a commit that was not staged at the order's end is refused.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "core/base/mutex.h"
#include "hub/log/memory_log.h"
#include "tests/hub/wrapped_log.h"

namespace tocsin::hub {

class SharedOrder;

// A hub's view of the order.
class SharedLog final : public WrappedLog {
 public:
  SharedLog(SharedOrder& order, Epoch epoch);

  bool shared() const override { return true; }
  absl::Status Append(CommitPtr batch) override;
  absl::Status Take(CommitPtr commit) { return log.Append(std::move(commit)); }

  std::function<void()> before_append;  // somebody may be first here
  int refused = 0;

 private:
  SharedOrder& order_;
};

class SharedOrder {
 public:
  void Join(SharedLog* log) { logs_.push_back(log); }
  absl::Status Append(CommitPtr batch) {
    MutexLock lock(mutex_);
    if (batch->events.front()->cursor.sequence != last_ + 1) {
      return absl::AbortedError("another was first");
    }
    last_ = batch->events.back()->cursor.sequence;
    for (SharedLog* log : logs_) {
      if (absl::Status status = log->Take(batch); !status.ok()) {
        return status;
      }
    }
    return absl::OkStatus();
  }

 private:
  Mutex mutex_;  // not a leaf: the logs and their followers are told under it, so in one order
  Sequence last_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<SharedLog*> logs_;
};

inline SharedLog::SharedLog(SharedOrder& order, Epoch epoch)
    : WrappedLog({.epoch = epoch}), order_(order) {
  order.Join(this);
}

inline absl::Status SharedLog::Append(CommitPtr batch) {
  if (before_append) {
    before_append();
  }
  absl::Status status = order_.Append(std::move(batch));
  refused += absl::IsAborted(status) ? 1 : 0;
  return status;
}

}  // namespace tocsin::hub
