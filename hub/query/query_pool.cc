#include "hub/query/query_pool.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/event/error.h"

namespace tocsin::hub {
namespace {

absl::Status FullError() {
  return MakeError(ErrorCode::kServiceUnavailable,
                   absl::StrCat(kWaitingQueries, " queries wait for the hub already"),
                   {.retry_after = absl::Milliseconds(200)});
}

absl::Status StoppedError() {
  return MakeError(ErrorCode::kServiceUnavailable, "the hub is stopping",
                   {.retry_after = absl::Seconds(1)});
}

}  // namespace

QueryPool::~QueryPool() { Stop(); }

absl::Status QueryPool::Push(Needs needs, Query query) {
  {
    MutexLock lock(mutex_);
    if (stopping_) {
      return StoppedError();
    }
    if (waiting_.size() >= kWaitingQueries) {
      return FullError();
    }
    waiting_.push_back({needs, std::move(query)});
  }
  changed_.NotifyOne();
  return absl::OkStatus();
}

void QueryPool::SetIndexLoaded() {
  {
    MutexLock lock(mutex_);
    index_loaded_ = true;
  }
  changed_.NotifyAll();
}

void QueryPool::Start() {
  for (size_t i = 0; i < kQueryThreads; ++i) {
    threads_.emplace_back([this] { Run(); });
    pthread_setname_np(threads_.back().native_handle(), "query");
  }
}

void QueryPool::Stop() {
  std::deque<Waiting> left;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    left.swap(waiting_);
  }
  changed_.NotifyAll();
  for (std::thread& thread : threads_) {
    thread.join();
  }
  threads_.clear();
  for (Waiting& waiting : left) {
    waiting.query(StoppedError());
  }
}

bool QueryPool::RunOnce() {
  Waiting next;
  if (!Take(next)) {
    return false;
  }
  next.query(absl::OkStatus());
  return true;
}

bool QueryPool::Take(Waiting& next) {
  MutexLock lock(mutex_);
  return TakeLocked(next);
}

bool QueryPool::TakeLocked(Waiting& next) {
  for (auto it = waiting_.begin(); it != waiting_.end(); ++it) {
    if (index_loaded_ || it->needs == Needs::kLog) {
      next = std::move(*it);
      waiting_.erase(it);
      return true;
    }
  }
  return false;
}

void QueryPool::Run() {
  while (true) {
    Waiting next;
    {
      MutexLock lock(mutex_);
      while (!stopping_ && !TakeLocked(next)) {
        changed_.Wait(mutex_);
      }
      if (next.query == nullptr) {
        return;
      }
    }
    next.query(absl::OkStatus());
  }
}

}  // namespace tocsin::hub
