// publish_queue.h: publishes that wait for the sequencer, bounded in events and bytes.
//
// Threads: safe; one leaf mutex.
// Errors:  SERVICE_UNAVAILABLE with a time to try again when it is full, and once closed.
#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/event/limits.h"
#include "hub/publish.h"

namespace tocsin::hub {

struct PublishQueueBounds {
  // 65 full requests of small events, or 16 of the largest; more are told to come back.
  size_t events = 65'536;
  size_t bytes = 64 * limits::kMiB;
};

// What one group commit takes: more would delay the first of them for no gain in throughput.
struct GroupBounds {
  size_t events = 4'096;
  size_t bytes = 8 * limits::kMiB;
};

class PublishQueue {
 public:
  explicit PublishQueue(PublishQueueBounds bounds) : bounds_(bounds) {}

  // Adds all of them in their order, or, on error, none; they are then left as they were.
  absl::Status Push(std::span<PendingPublish> pending);
  // Takes out the oldest ones within the bounds, and at least one if any waits.
  std::vector<PendingPublish> TakeGroup(const GroupBounds& bounds);
  // Returns when a publish waits, the queue is closed, Wake was called, or the time is up.
  void Wait(absl::Duration timeout);
  void Wake();
  // From now on Push fails; what is in the queue can still be taken.
  void Close();

  bool closed() const;

 private:
  const PublishQueueBounds bounds_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::deque<PendingPublish> waiting_ ABSL_GUARDED_BY(mutex_);
  size_t events_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tocsin::hub
