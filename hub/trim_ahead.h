// trim_ahead.h: prepares trims of the log on a thread of its own, so that publishes do not wait
// while it reads what retention takes.
//
// Shape:   one preparation at a time: begun, done, and then taken by whoever trims.
// Threads: Start, Stop, Begin and TakeDone on the sequencer's thread, or before it starts and after
//          it has ended; `on_done` on its own, which stands back for the others.
// Owns:    its thread. The log is the caller's and outlives it.
// Errors:  of the preparation, when it is taken.
#pragma once

#include <functional>
#include <optional>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "hub/log/log.h"

namespace tocsin::hub {

class TrimAhead {
 public:
  TrimAhead(Log& log, const Retention& retention, std::function<void()> on_done)
      : log_(log), retention_(retention), on_done_(std::move(on_done)) {}
  ~TrimAhead() { Stop(); }

  void Start();
  // Waits for a preparation that is under way. May be called twice.
  void Stop();

  bool running() const { return thread_.joinable(); }
  // As of `now`. Nothing where one is under way, or is not taken yet.
  void Begin(absl::Time now);
  // Its outcome, once; nothing before it is done.
  std::optional<absl::Status> TakeDone();

 private:
  void Run();

  Log& log_;
  const Retention retention_;
  const std::function<void()> on_done_;
  std::thread thread_;
  Mutex mutex_;
  CondVar changed_;
  std::optional<absl::Time> wanted_ ABSL_GUARDED_BY(mutex_);  // until it is done
  std::optional<absl::Status> done_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tocsin::hub
