#include "cli/bench/load.h"

#include <sys/prctl.h>

#include <algorithm>
#include <utility>

#include "cli/bench/pacer.h"

namespace tocsin::cli::bench {

Load::Load(const LoadOptions& options, InFlight& in_flight, PublishTally& tally, Clock& clock)
    : options_(options), in_flight_(in_flight), tally_(tally), clock_(clock) {}

Load::~Load() {
  if (!thread_.joinable()) return;
  in_flight_.Stop();
  Join();
}

void Load::Start(std::unique_ptr<Sender> sender) {
  sender_ = std::move(sender);
  thread_ = std::thread([this] { Run(); });
}

void Load::Run() {
  // The kernel would let a sleep take 50 µs longer, which would be counted as the hub's.
  prctl(PR_SET_TIMERSLACK, 1);
  SendAll();
  {
    MutexLock lock(mutex_);
    sending_ = false;
    changed_.NotifyAll();
  }
  sender_->Drain();
  MutexLock lock(mutex_);
  done_ = true;
  changed_.NotifyAll();
}

void Load::SendAll() {
  const absl::Duration start = clock_.Monotonic();
  const absl::Duration end = start + options_.duration;
  uint64_t number = 0;
  while (SendNext(number, start, end)) ++number;
  const absl::Duration now = clock_.Monotonic();
  tally_.SendingEnded(DueBefore(start, std::min(end, now)), now);
}

bool Load::SendNext(uint64_t number, absl::Duration start, absl::Duration end) {
  Batch batch{.first = sent_, .events = options_.batch};
  if (options_.events != 0) batch.events = std::min(batch.events, options_.events - sent_);
  if (batch.events == 0) return false;
  if (options_.rate > 0) {
    batch.due = Pacer(options_.rate / static_cast<double>(options_.batch), start).DueOf(number);
    if (!in_flight_.SleepUntil(std::min(batch.due, end)) || batch.due >= end) return false;
  }
  if (!in_flight_.Acquire(batch.events, end)) return false;
  const absl::Duration now = clock_.Monotonic();
  if (options_.rate == 0) batch.due = now;
  if (now >= end) return false;
  tally_.Sent(batch, now);
  sent_ += batch.events;
  return sender_->Send(batch);
}

uint64_t Load::DueBefore(absl::Duration start, absl::Duration end) const {
  if (options_.rate == 0) return sent_;
  const Pacer pacer(options_.rate / static_cast<double>(options_.batch), start);
  const uint64_t due = pacer.DueBefore(end) * options_.batch;
  return std::max(sent_, options_.events == 0 ? due : std::min(due, options_.events));
}

bool Load::Wait(absl::Duration most) {
  const absl::Duration end = clock_.Monotonic() + most;
  MutexLock lock(mutex_);
  while (!done_) {
    const absl::Duration left = end - clock_.Monotonic();
    if (left <= absl::ZeroDuration()) return false;
    changed_.WaitFor(mutex_, left);
  }
  return true;
}

bool Load::sending() {
  MutexLock lock(mutex_);
  return sending_;
}

grpc::Status Load::Join() {
  if (!Wait(absl::ZeroDuration())) sender_->Cancel();
  thread_.join();
  return sender_->status();
}

}  // namespace tocsin::cli::bench
