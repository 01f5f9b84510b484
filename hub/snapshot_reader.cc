#include "hub/snapshot_reader.h"

#include <time.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/planted.h"
#include "core/base/stand_back.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/event/wire.h"
#include "core/stream/shard.h"
#include "hub/snapshot_pause.h"

namespace tocsin::hub {
namespace {

// How often those that take nothing are looked for.
constexpr absl::Duration kLookEvery = absl::Seconds(1);

// What this thread has had of the processor.
absl::Duration ProcessorTime() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return absl::DurationFromTimespec(time);
}

absl::Status TooManyWait() {
  return MakeError(ErrorCode::kRateLimitExceeded,
                   "snapshot: too many snapshots are asked for at once; try again shortly",
                   {.retry_after = absl::Seconds(2)});
}

absl::Status TookNothing() {
  return MakeError(ErrorCode::kSlowConsumer,
                   "nothing of the snapshot was taken for too long; ask for it again");
}

absl::Status TookTooLong() {
  return MakeError(ErrorCode::kSlowConsumer,
                   absl::StrCat("the snapshot was not taken within ",
                                absl::FormatDuration(limits::kSnapshotTime),
                                "; ask for it again, or for fewer incidents by a filter"));
}

}  // namespace

// What a Snapshot and the reader share.
struct SnapshotReader::Job {
  // Set at the beginning.
  Shard* shard;
  Deliver deliver;
  FilterPtr filter;

  bool cancelled = false;  // the shard's thread only

  // The reader's thread only.
  std::unique_ptr<IncidentSnapshot> snapshot;  // null before it is opened, and once it is read
  SnapshotPart part;                           // as far as it has been read
  absl::Duration begun;
  absl::Duration delivered = absl::InfiniteDuration();  // the part that has not gone yet
};

SnapshotReader::Snapshot::Snapshot(SnapshotReader& reader, std::shared_ptr<Job> job)
    : reader_(reader), job_(std::move(job)) {}

SnapshotReader::Snapshot::~Snapshot() {
  job_->cancelled = true;
  reader_.Push(job_, Wish::kClose);
}

void SnapshotReader::Snapshot::Next() { reader_.Push(job_, Wish::kNext); }

SnapshotReader::~SnapshotReader() { Stop(); }

std::unique_ptr<SnapshotReader::Snapshot> SnapshotReader::Open(Shard& shard, FilterPtr filter,
                                                               Deliver deliver) {
  auto job = std::make_shared<Job>();
  job->shard = &shard;
  job->deliver = std::move(deliver);
  job->filter = std::move(filter);
  Push(job, Wish::kOpen);
  return std::make_unique<Snapshot>(*this, std::move(job));
}

void SnapshotReader::Start() {
  thread_ = std::thread([this] { Run(); });
}

void SnapshotReader::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  if (thread_.joinable()) {
    thread_.join();
  }
  for (const JobPtr& job : running_) {
    job->snapshot.reset();  // a shard may still hold the job
  }
  running_.clear();
  waiting_.clear();
  wanted_.clear();
}

void SnapshotReader::Push(JobPtr job, Wish wish) {
  {
    MutexLock lock(mutex_);
    if (stopping_) {
      return;
    }
    requests_.push_back({std::move(job), wish});
  }
  changed_.NotifyOne();
}

void SnapshotReader::Run() {
  StandBack();
  const auto run_and_pause = [this] {
    const absl::Duration begun = clock_.Monotonic();
    const absl::Duration processor = ProcessorTime();
    const bool more = RunOnce();
    absl::SleepFor(SnapshotPause(clock_.Monotonic() - begun, ProcessorTime() - processor));
    return more;
  };
  while (true) {
    while (run_and_pause()) {
    }
    MutexLock lock(mutex_);
    if (requests_.empty() && !stopping_) {
      running_.empty() ? changed_.Wait(mutex_)
                       : static_cast<void>(changed_.WaitFor(mutex_, kLookEvery));
    }
    if (stopping_) {
      return;
    }
  }
}

bool SnapshotReader::RunOnce() {
  TakeRequests();
  CloseSlow();
  BeginWaiting();
  if (!wanted_.empty()) {
    const JobPtr job = std::move(wanted_.front());
    wanted_.pop_front();
    Read(job);
  }
  CountJobs();
  return !wanted_.empty();
}

// ---- what was asked ----

void SnapshotReader::TakeRequests() {
  std::vector<Request> requests;
  {
    MutexLock lock(mutex_);
    if (stopping_) {
      return;
    }
    requests.swap(requests_);
  }
  for (const Request& request : requests) {
    switch (request.wish) {
      case Wish::kOpen:
        TakeOpen(request.job);
        break;
      case Wish::kNext:
        request.job->delivered = absl::InfiniteDuration();
        if (request.job->snapshot != nullptr) {
          wanted_.push_back(request.job);
        }
        break;
      case Wish::kClose:
        TakeClose(request.job);
        break;
    }
  }
}

void SnapshotReader::TakeOpen(const JobPtr& job) {
  if (running_.size() + waiting_.size() >= kMaxRunning + kMaxWaiting) {
    return Fail(job, TooManyWait());
  }
  waiting_.push_back(job);
}

void SnapshotReader::TakeClose(const JobPtr& job) {
  std::erase(running_, job);
  std::erase(waiting_, job);
  std::erase(wanted_, job);
  job->snapshot.reset();
}

// ---- reading ----

void SnapshotReader::BeginWaiting() {
  while (!waiting_.empty() && running_.size() < kMaxRunning) {
    const JobPtr job = std::move(waiting_.front());
    waiting_.pop_front();
    absl::StatusOr<std::unique_ptr<IncidentSnapshot>> snapshot =
        log_.SnapshotIncidents(job->filter);
    if (!snapshot.ok()) {
      Fail(job, snapshot.status());
      continue;
    }
    job->snapshot = *std::move(snapshot);
    job->begun = clock_.Monotonic();
    begun_count_.fetch_add(1, std::memory_order_relaxed);
    running_.push_back(job);
    wanted_.push_back(job);
  }
}

// One turn.
void SnapshotReader::Read(const JobPtr& job) {
  SnapshotPart& part = job->part;
  bool full = false;
  const absl::StatusOr<bool> more =
      job->snapshot->Read(kLookedAtPerTurn, [&](std::string_view incident) {
        AppendIncidentField(part.incidents, incident);
        ++part.count;
        full = part.incidents.size() >= limits::kSnapshotPartBytes ||
               part.count >= limits::kSnapshotPartIncidents;
        return !full;
      });
  if (!more.ok()) {
    return Fail(job, more.status());
  }
  if (*more && !full) {
    wanted_.push_back(job);  // after those that wait for their turn
    return;
  }
  part.place = job->snapshot->place();
  part.place.sequence += Planted("snapshot-goes-on-one-late");
  part.last = !*more;
  DeliverPart(job);
}

void SnapshotReader::DeliverPart(const JobPtr& job) {
  if (job->part.last || !job->part.status.ok()) {
    job->snapshot.reset();
  }
  job->delivered = clock_.Monotonic();
  job->shard->Post([job, part = std::exchange(job->part, {})]() mutable {
    if (!job->cancelled) {
      // The job may lose its Snapshot in here; it is ours until the end of this task.
      job->deliver(std::move(part));
    }
  });
}

void SnapshotReader::Fail(const JobPtr& job, absl::Status status) {
  TakeClose(job);
  job->part = {};
  job->part.status = std::move(status);
  DeliverPart(job);
}

void SnapshotReader::CloseSlow() {
  const absl::Duration now = clock_.Monotonic();
  const std::vector<JobPtr> running = running_;
  for (const JobPtr& job : running) {
    if (now - job->delivered >= stuck_after_) {
      Fail(job, TookNothing());
    } else if (now - job->begun >= limits::kSnapshotTime) {
      Fail(job, TookTooLong());
    }
  }
}

void SnapshotReader::CountJobs() {
  running_count_.store(running_.size(), std::memory_order_relaxed);
  waiting_count_.store(waiting_.size(), std::memory_order_relaxed);
}

}  // namespace tocsin::hub
