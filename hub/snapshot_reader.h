// snapshot_reader.h: reads snapshots of the incidents, part by part, on a thread of its own.
//
// Shape:   a snapshot is read only as fast as it is asked for parts, so one part of it at the most
//          is in memory. Those that have been asked take turns of a bounded number of incidents, so
//          that a filter that seldom matches holds nobody up. kMaxRunning are read at a time; those
//          after them wait, in order, and begin at the place that the log has when their turn
//          comes.
// Threads: Open, Next and the destruction of a Snapshot on its shard's thread; the log is read on
//          the reader's; parts are posted to the shard. Without Start, RunOnce is called by hand
//          (tests).
// Owns:    its thread, and what the log keeps for the snapshots that are read. Log and shards are
//          the caller's; Stop before either goes.
// Errors:  in SnapshotPart::status: RATE_LIMIT_EXCEEDED where too many wait; SLOW_CONSUMER for one
//          that is not asked again within the stuck time, or takes longer than
//          limits::kSnapshotTime in all; what the log says.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/event/cursor.h"
#include "core/event/filter.h"
#include "core/event/limits.h"
#include "hub/log/log.h"

namespace tocsin {
class Shard;
}

namespace tocsin::hub {

struct SnapshotPart {
  Cursor place;           // the same in all parts
  std::string incidents;  // encoded, as SnapshotMark.incidents one after the other
  size_t count = 0;
  bool last = false;
  absl::Status status;  // an error ends the snapshot; the other fields are then empty
};

class SnapshotReader {
 private:
  struct Job;

 public:
  using Deliver = std::function<void(SnapshotPart)>;

  // Snapshots that are read at a time. Each has one part in memory, 16 MiB in all as a rule.
  static constexpr size_t kMaxRunning = 64;
  // Snapshots that wait for their turn, which cost little but their streams. Beyond them clients
  // are refused, and told when to come back.
  static constexpr size_t kMaxWaiting = 1'000;
  // Incidents that are looked at in one turn of a snapshot: about a millisecond.
  static constexpr size_t kLookedAtPerTurn = 1'024;

  // A snapshot that was opened. Destroying it ends it; nothing is delivered after that.
  class Snapshot {
   public:
    Snapshot(SnapshotReader& reader, std::shared_ptr<Job> job);
    ~Snapshot();
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;

    // Asks for the next part, once the one that was delivered has been sent. Not after the last.
    void Next();

   private:
    SnapshotReader& reader_;
    const std::shared_ptr<Job> job_;
  };

  SnapshotReader(const Log& log, Clock& clock, absl::Duration stuck_after = limits::kStuckAfter)
      : log_(log), clock_(clock), stuck_after_(stuck_after) {}
  ~SnapshotReader();

  // Begins a snapshot. Its first part is delivered without a call of Next.
  std::unique_ptr<Snapshot> Open(Shard& shard, FilterPtr filter, Deliver deliver);

  void Start();
  // Ends the thread and every snapshot; nothing more is delivered. May be called twice.
  void Stop();
  // Takes in the requests and reads for one turn. Returns false when there is nothing to read now.
  bool RunOnce();

  // From any thread.
  size_t running() const { return running_count_.load(std::memory_order_relaxed); }
  size_t waiting() const { return waiting_count_.load(std::memory_order_relaxed); }
  uint64_t begun() const { return begun_count_.load(std::memory_order_relaxed); }

 private:
  using JobPtr = std::shared_ptr<Job>;
  enum class Wish { kOpen, kNext, kClose };
  struct Request {
    JobPtr job;
    Wish wish;
  };

  void Push(JobPtr job, Wish wish);
  void Run();
  void TakeRequests();
  void TakeOpen(const JobPtr& job);
  void TakeClose(const JobPtr& job);
  void BeginWaiting();
  void CloseSlow();
  void Read(const JobPtr& job);
  void DeliverPart(const JobPtr& job);
  void Fail(const JobPtr& job, absl::Status status);
  void CountJobs();

  const Log& log_;
  Clock& clock_;
  const absl::Duration stuck_after_;
  std::thread thread_;

  // Used on the reader's thread only.
  std::vector<JobPtr> running_;
  std::deque<JobPtr> waiting_;
  std::deque<JobPtr> wanted_;  // of running_: those that have been asked for a part
  std::atomic<size_t> running_count_{0};
  std::atomic<size_t> waiting_count_{0};
  std::atomic<uint64_t> begun_count_{0};

  Mutex mutex_;
  CondVar changed_;
  std::vector<Request> requests_ ABSL_GUARDED_BY(mutex_);  // at most three a job
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tocsin::hub
