// store_reader.h: the hub's log reader: reads slices of the store for its shards, on its own
// thread.
//
// Shape:   requests wait in a queue and are answered in turn, one slice each, so that one long
//          replay does not starve another. A CatchUp has at most one request in the queue, which is
//          removed when the CatchUp is destroyed, so the queue is bounded by the shards' readings.
// Threads: Open and Next on the shard's thread; the log is read on the reader's; answers are posted
//          to the shard. Without Start, RunOnce is called by hand (tests).
// Owns:    its thread and queue. Log, window and shards are the caller's; Stop before a shard is
//          destroyed.
// Errors:  in the slices.
#pragma once

#include <deque>
#include <memory>
#include <thread>

#include "core/base/mutex.h"
#include "core/stream/log_reader.h"
#include "core/stream/window.h"
#include "hub/log/log.h"
#include "hub/slice_reader.h"

namespace tocsin::hub {

class StoreReader : public LogReader {
 public:
  StoreReader(const Log& log, const Window& window, Clock& clock = Clock::Real())
      : slices_(log, window, clock) {}
  ~StoreReader() override;

  std::unique_ptr<CatchUp> Open(Shard& shard, const StartPoint& start, FilterPtr filter,
                                Deliver deliver) override;

  void Start();
  // Ends the thread; requests that wait are never answered. May be called twice.
  void Stop();
  // Answers one request. Returns false when none waits.
  bool RunOnce();

 private:
  class StoreCatchUp;

  // What a CatchUp and the reader share. Passed between their threads by the queue and by
  // Shard::Post, never used by both.
  struct Job {
    Shard* shard;
    Deliver deliver;
    SliceReader::Reading reading;
    bool waiting = false;    // the shard's thread only
    bool cancelled = false;  // the shard's thread only
  };
  struct Request {
    std::shared_ptr<Job> job;
    size_t max_events;
    size_t max_bytes;
  };

  void Push(Request request);
  void Withdraw(const Job& job);
  bool Take(Request& request);
  void Run();

  const SliceReader slices_;
  std::thread thread_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<Request> requests_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tocsin::hub
