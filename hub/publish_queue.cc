#include "hub/publish_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/event/error.h"

namespace tocsin::hub {
namespace {

absl::Status FullError() {
  ErrorDetails details;
  details.retry_after = absl::Milliseconds(100);
  return MakeError(ErrorCode::kServiceUnavailable, "the hub's publish queue is full", details);
}

absl::Status ClosedError() {
  ErrorDetails details;
  details.retry_after = absl::Seconds(1);
  return MakeError(ErrorCode::kServiceUnavailable, "the hub is stopping", details);
}

}  // namespace

absl::Status PublishQueue::Push(std::span<PendingPublish> pending) {
  size_t events = 0;
  size_t bytes = 0;
  for (const PendingPublish& each : pending) {
    events += each.events();
    bytes += each.bytes;
  }
  bool first = false;
  {
    MutexLock lock(mutex_);
    if (closed_) {
      return ClosedError();
    }
    // An empty queue takes anything: a single request is bounded by its own limits.
    if (!waiting_.empty() &&
        (events_ + events > bounds_.events || bytes_ + bytes > bounds_.bytes)) {
      return FullError();
    }
    events_ += events;
    bytes_ += bytes;
    first = waiting_.empty();
    waiting_.insert(waiting_.end(), std::make_move_iterator(pending.begin()),
                    std::make_move_iterator(pending.end()));
  }
  if (first) {
    changed_.NotifyOne();  // whoever takes one takes all that wait
  }
  return absl::OkStatus();
}

std::vector<PendingPublish> PublishQueue::TakeGroup(const GroupBounds& bounds) {
  std::vector<PendingPublish> group;
  size_t events = 0;
  size_t bytes = 0;
  MutexLock lock(mutex_);
  while (!waiting_.empty()) {
    events += waiting_.front().events();
    bytes += waiting_.front().bytes;
    if (!group.empty() && (events > bounds.events || bytes > bounds.bytes)) {
      break;
    }
    events_ -= waiting_.front().events();
    bytes_ -= waiting_.front().bytes;
    group.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return group;
}

void PublishQueue::Wait(absl::Duration timeout) {
  MutexLock lock(mutex_);
  if (waiting_.empty() && !closed_ && !woken_) {
    // A wake-up without a reason only makes the caller look once more.
    changed_.WaitFor(mutex_, std::clamp(timeout, absl::ZeroDuration(), absl::Seconds(60)));
  }
  woken_ = false;
}

void PublishQueue::Wake() {
  {
    MutexLock lock(mutex_);
    woken_ = true;
  }
  changed_.NotifyOne();
}

void PublishQueue::Close() {
  {
    MutexLock lock(mutex_);
    closed_ = true;
  }
  changed_.NotifyAll();
}

bool PublishQueue::closed() const {
  MutexLock lock(mutex_);
  return closed_;
}

}  // namespace tocsin::hub
