#include "hub/sequencer.h"

#include <algorithm>
#include <utility>

#include "core/base/status_macros.h"

namespace tocsin::hub {

Sequencer::Sequencer(Log& log, Window& window, Clock& clock, SequencerOptions options)
    : log_(log),
      window_(window),
      clock_(clock),
      options_(options),
      queue_(options.queue, !options.publishers_commit),
      commit_(log, clock, options.dedup, options.incidents),
      trim_due_(clock.Monotonic() + options.trim_interval),
      sync_due_(clock.Monotonic() + options.sync_interval) {}

Sequencer::~Sequencer() { Stop(); }

absl::Status Sequencer::Open() {
  MutexLock turn(turn_);
  RETURN_IF_ERROR(commit_.Load());
  if (!window_.view().open) {
    window_.Start(log_.extent().latest);
  }
  return absl::OkStatus();
}

void Sequencer::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Sequencer::Stop() {
  queue_.Close();
  if (thread_.joinable()) {
    thread_.join();
  }
  while (RunOnce()) {
  }
  MutexLock turn(turn_);
  sync_due_ = clock_.Monotonic();
  SyncIfDue(sync_due_);
}

void Sequencer::Publish(PublishRequestData request, Done done) {
  PendingPublish pending;
  pending.request = std::move(request);
  pending.done = std::move(done);
  pending.contents.reserve(pending.request.events.size());
  for (const v1::Event& event : pending.request.events) {
    pending.contents.push_back(ContentOf(event));
    pending.bytes += pending.contents.back().bytes;
  }
  absl::Status let_in = queue_.Push(pending);
  if (absl::IsResourceExhausted(let_in) && options_.publishers_commit) {
    // Nobody else need be at it: this thread makes the room.
    {
      MutexLock turn(turn_);
      CommitGroup();
    }
    let_in = queue_.Push(pending);
  }
  if (!let_in.ok()) {
    pending.done(std::move(let_in));
  }
}

// Whose turn it is looks again once it is over: what was pushed meanwhile is not left lying.
bool Sequencer::CommitWaiting() {
  if (!options_.publishers_commit || queue_.events() == 0) {
    return false;
  }
  if (!turn_.TryLock()) {
    return false;
  }
  CommitGroup();
  const bool trim = TrimIsDue(clock_.Monotonic());
  turn_.Unlock();
  if (trim) {
    queue_.Wake();
  }
  return queue_.events() > 0;
}

bool Sequencer::RunOnce() {
  MutexLock turn(turn_);
  const bool some = CommitGroup();
  Maintain();
  return some;
}

bool Sequencer::CommitGroup() {
  std::vector<PendingPublish> group = queue_.TakeGroup(options_.group);
  for (std::span<PendingPublish> rest(group); !rest.empty();) {
    rest = rest.subspan(CommitSome(rest));
  }
  return !group.empty();
}

SequencerState Sequencer::state() const {
  MutexLock lock(mutex_);
  return state_;
}

void Sequencer::Run() {
  while (RunOnce() || !queue_.closed()) {
    queue_.Wait(UntilDue());
  }
}

size_t Sequencer::CommitSome(std::span<PendingPublish> group) {
  const auto [taken, appended] = commit_.Commit(group);
  if (!appended.empty() || !commit_.last_append().ok()) {
    Note(commit_.last_append());
  }
  if (!appended.empty()) {
    unsynced_ = options_.durability == Durability::kInterval;
    appended_since_trim_ += appended.size();
    window_.Append(appended);
    on_appended_();
  }
  for (PendingPublish& pending : group.first(taken)) {
    pending.done(std::move(pending.outcome));
    // What it brought is not kept until the whole group is done.
    pending = PendingPublish();
  }
  return taken;
}

void Sequencer::Maintain() {
  const absl::Duration now = clock_.Monotonic();
  AskLogAgain();
  SyncIfDue(now);
  TrimIfDue(now);
}

// So that a disk that has room again is seen without a publish.
void Sequencer::AskLogAgain() {
  if (state().disk_full) {
    Note(log_.CheckWritable());
  }
}

bool Sequencer::TrimIsDue(absl::Duration now) const {
  return now >= trim_due_ || appended_since_trim_ >= options_.trim_after_events;
}

void Sequencer::TrimIfDue(absl::Duration now) {
  if (!TrimIsDue(now)) {
    return;
  }
  trim_due_ = now + options_.trim_interval;
  appended_since_trim_ = 0;
  if (const absl::Status status = log_.Trim(options_.retention, clock_.Now()); !status.ok()) {
    Note(status);
  }
}

void Sequencer::SyncIfDue(absl::Duration now) {
  if (!unsynced_ || now < sync_due_) {
    return;
  }
  sync_due_ = now + options_.sync_interval;
  unsynced_ = false;
  if (const absl::Status status = log_.Sync(); !status.ok()) {
    Note(status);
  }
}

absl::Duration Sequencer::UntilDue() {
  MutexLock turn(turn_);
  const absl::Duration due = unsynced_ ? std::min(trim_due_, sync_due_) : trim_due_;
  return due - clock_.Monotonic();
}

void Sequencer::Note(const absl::Status& status) {
  MutexLock lock(mutex_);
  state_.accepts_publish = status.ok();
  state_.publish_error = std::string(status.message());
  state_.disk_full = absl::IsResourceExhausted(status);
}

}  // namespace tocsin::hub
