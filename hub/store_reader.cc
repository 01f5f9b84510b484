#include "hub/store_reader.h"

#include <utility>

#include "core/base/check.h"
#include "core/stream/shard.h"

namespace tocsin::hub {

class StoreReader::StoreCatchUp : public CatchUp {
 public:
  StoreCatchUp(StoreReader& reader, std::shared_ptr<Job> job)
      : reader_(reader), job_(std::move(job)) {}
  // A slice that is under way is read, posted, and dropped there.
  ~StoreCatchUp() override {
    job_->cancelled = true;
    if (job_->waiting) {
      reader_.Withdraw(*job_);
    }
  }

  void Next(size_t max_events, size_t max_bytes) override {
    TOCSIN_CHECK(!job_->waiting);
    job_->waiting = true;
    reader_.Push({job_, max_events, max_bytes});
  }

 private:
  StoreReader& reader_;
  const std::shared_ptr<Job> job_;
};

StoreReader::~StoreReader() { Stop(); }

std::unique_ptr<CatchUp> StoreReader::Open(Shard& shard, const StartPoint& start, FilterPtr filter,
                                           Deliver deliver) {
  auto job = std::make_shared<Job>();
  job->shard = &shard;
  job->deliver = std::move(deliver);
  job->reading.start = start;
  job->reading.filter = std::move(filter);
  return std::make_unique<StoreCatchUp>(*this, std::move(job));
}

void StoreReader::Start() {
  thread_ = std::thread([this] { Run(); });
}

void StoreReader::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    requests_.clear();
  }
  changed_.NotifyAll();
  if (thread_.joinable()) {
    thread_.join();
  }
}

bool StoreReader::RunOnce() {
  Request request;
  if (!Take(request)) {
    return false;
  }
  Job& job = *request.job;
  LogSlice slice = slices_.Read(job.reading, request.max_events, request.max_bytes);
  job.shard->Post([job = std::move(request.job), slice = std::move(slice)]() mutable {
    job->waiting = false;
    if (!job->cancelled) {
      // The job may lose its CatchUp in here; it is ours until the end of this task.
      job->deliver(std::move(slice));
    }
  });
  return true;
}

void StoreReader::Push(Request request) {
  {
    MutexLock lock(mutex_);
    if (stopping_) {
      return;
    }
    requests_.push_back(std::move(request));
  }
  changed_.NotifyOne();
}

void StoreReader::Withdraw(const Job& job) {
  MutexLock lock(mutex_);
  std::erase_if(requests_, [&](const Request& request) { return request.job.get() == &job; });
}

bool StoreReader::Take(Request& request) {
  MutexLock lock(mutex_);
  if (requests_.empty()) {
    return false;
  }
  request = std::move(requests_.front());
  requests_.pop_front();
  return true;
}

void StoreReader::Run() {
  while (true) {
    while (RunOnce()) {
    }
    MutexLock lock(mutex_);
    while (requests_.empty() && !stopping_) {
      changed_.Wait(mutex_);
    }
    if (stopping_) {
      return;
    }
  }
}

}  // namespace tocsin::hub
