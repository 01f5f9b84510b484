#include "core/rpc/hub_loop.h"

#include <utility>

namespace tocsin::rpc {
namespace {

// An alarm that is due at once.
gpr_timespec Past() { return gpr_inf_past(GPR_CLOCK_MONOTONIC); }

}  // namespace

HubLoop::HubLoop() : wake_(std::make_unique<WakeTimer>([this] { Ring(); })) {}

HubLoop::~HubLoop() {
  wake_.reset();
  Stop();
  timers_.clear();
  for (const auto& [tag, call] : calls_) {
    call->Abandon();
  }
  while (ForgetTasks() || !calls_.empty()) {
    void* tag = nullptr;
    bool ok = false;
    queue_.Next(&tag, &ok);
    if (tag == this) {
      MutexLock lock(mutex_);
      rung_ = false;
    } else {
      OnOperation(tag, ok);
    }
  }
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

// True while the alarm is under way.
bool HubLoop::ForgetTasks() {
  MutexLock lock(mutex_);
  tasks_.clear();
  return rung_;
}

void HubLoop::Post(Task task) {
  {
    MutexLock lock(mutex_);
    if (stopped_) {
      return;
    }
    tasks_.push_back(std::move(task));
  }
  Ring();
}

void HubLoop::Stop() {
  {
    MutexLock lock(mutex_);
    if (std::exchange(stopped_, true)) {
      return;
    }
    tasks_.push_back([this] { running_ = false; });
  }
  Ring();
}

// At most one alarm is under way.
void HubLoop::Ring() {
  MutexLock lock(mutex_);
  if (!std::exchange(rung_, true)) {
    alarm_.Set(&queue_, Past(), this);
  }
}

void HubLoop::Run() {
  void* tag = nullptr;
  bool ok = false;
  while (running_ && queue_.Next(&tag, &ok)) {
    if (tag == this) {
      RunTasks();
      RunTimers();
    } else {
      OnOperation(tag, ok);
    }
  }
}

void HubLoop::OnOperation(void* tag, bool ok) {
  const auto found = calls_.find(tag);
  Call& call = *found->second;
  if (!call.OnOperation(ok)) {
    calls_.erase(tag);  // `found` may be invalid: OnOperation may have added a call
  }
}

void HubLoop::RunTasks() {
  std::vector<Task> tasks;
  {
    MutexLock lock(mutex_);
    rung_ = false;
    tasks.swap(tasks_);
  }
  for (Task& task : tasks) {
    task();
  }
}

HubLoop::TimerKey HubLoop::After(absl::Duration wait, Task task) {
  const TimerKey key{Clock::Real().Monotonic() + wait, ++timers_made_};
  timers_.emplace(key, std::move(task));
  wake_->Set(timers_.begin()->first.first);
  return key;
}

// A task may add timers and cancel others.
void HubLoop::RunTimers() {
  const absl::Duration now = Clock::Real().Monotonic();
  while (running_ && !timers_.empty() && timers_.begin()->first.first <= now) {
    auto due = timers_.extract(timers_.begin());
    due.mapped()();
  }
  wake_->Set(timers_.empty() ? absl::InfiniteDuration() : timers_.begin()->first.first);
}

void HubLoop::Adopt(std::unique_ptr<Call> call) {
  void* tag = call.get();
  calls_.emplace(tag, std::move(call));
}

}  // namespace tocsin::rpc
