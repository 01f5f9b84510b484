#include "hub/sequencer.h"

#include <algorithm>
#include <utility>

#include "core/base/log.h"
#include "core/base/stand_back.h"
#include "core/base/status_macros.h"
#include "hub/alert_fingerprint.h"
#include "hub/log/free_space.h"

namespace tocsin::hub {

Sequencer::Sequencer(Log& log, Window& window, Clock& clock, SequencerOptions options)
    : log_(log),
      clock_(clock),
      options_(options),
      queue_(options.queue),
      follower_(log, window, options.dedup, options.incidents),
      commit_(log, follower_, clock_, options.alerts),
      trim_preparation_([this] { queue_.Wake(); }),
      sync_([this] { queue_.Wake(); }),
      trim_due_(clock.Monotonic() + options.trim_interval),
      sync_due_(clock.Monotonic() + options.sync_interval) {
  if (log.shared()) {
    follower_.SetOnCommit([this] { queue_.Wake(); });
  }
}

Sequencer::~Sequencer() { Stop(); }

absl::Status Sequencer::Open() { return follower_.Load(clock_); }

void Sequencer::Start() {
  trim_preparation_.Start("trim");
  sync_.Start("sync");
  thread_ = std::thread([this] { Run(); });
}

void Sequencer::Stop() {
  queue_.Close();
  if (thread_.joinable()) {
    thread_.join();
  }
  trim_preparation_.Stop();
  sync_.Stop();
  while (RunOnce()) {
  }
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
  if (absl::Status let_in = queue_.Push({&pending, 1}); !let_in.ok()) {
    pending.done(std::move(let_in));
  }
}

void Sequencer::Submit(std::vector<AlertSubmission> alerts) {
  std::vector<PendingPublish> waiting;
  waiting.reserve(alerts.size());
  for (AlertSubmission& submission : alerts) {
    auto alert = std::make_unique<PendingAlert>();
    alert->request = std::move(submission.request);
    alert->done = std::move(submission.done);
    alert->content = ContentOf(alert->request.alert);
    if (alert->request.alert.fingerprint().empty()) {
      alert->request.alert.set_fingerprint(DefaultFingerprint(alert->request.alert));
    }
    waiting.emplace_back().bytes = alert->content.bytes;
    waiting.back().alert = std::move(alert);
  }
  if (const absl::Status let_in = queue_.Push(waiting); !let_in.ok()) {
    for (PendingPublish& pending : waiting) {
      pending.alert->done(let_in);
    }
  }
}

bool Sequencer::RunOnce() {
  Appended(follower_.CatchUp());
  std::vector<PendingPublish> group = queue_.TakeGroup(options_.group);
  for (std::span<PendingPublish> rest(group); !rest.empty();) {
    rest = rest.subspan(CommitSome(rest));
  }
  Maintain();
  return !group.empty();
}

void Sequencer::Appended(size_t events) {
  if (events > 0) {
    unsynced_ = options_.durability == Durability::kInterval;
    appended_since_trim_ += events;
  }
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
  const auto [taken, events] = commit_.Commit(group);
  if (events > 0 || !commit_.last_append().ok()) {
    Note(commit_.last_append());
  }
  Appended(events);
  for (PendingPublish& pending : group.first(taken)) {
    pending.Answer();
    // What it brought is not kept until the whole group is done.
    pending = PendingPublish();
  }
  return taken;
}

void Sequencer::Maintain() {
  const absl::Duration now = clock_.Monotonic();
  AskLogAgain();
  EndDueAlerts(now);
  SyncIfDue(now);
  TrimIfDue(now);
}

void Sequencer::EndDueAlerts(absl::Duration now) {
  if (now < ends_again_) {
    return;
  }
  const absl::Time wall = clock_.Now();
  std::vector<PendingPublish> ends;
  const std::vector<std::string> due = follower_.firing().Due(wall, kMostEnds);
  for (const std::string& fingerprint : due) {
    ends.push_back(EndOf(fingerprint));
  }
  for (std::span<PendingPublish> rest(ends); !rest.empty();) {
    rest = rest.subspan(CommitSome(rest));
    if (!commit_.last_append().ok()) {
      ends_again_ = now + kEndsRetry;
      return;
    }
  }
  for (const std::string& fingerprint : due) {
    const FiringAlerts::Firing* const firing = follower_.firing().Find(fingerprint);
    if (firing != nullptr && firing->end <= wall) {
      follower_.firing().Forget(fingerprint);  // its incident is gone, or the end was refused
    }
  }
}

PendingPublish Sequencer::EndOf(std::string fingerprint) {
  PendingPublish pending;
  pending.alert = std::make_unique<PendingAlert>();
  pending.alert->request.alert.set_fingerprint(std::move(fingerprint));
  pending.alert->request.report = AlertReport::kEnd;
  pending.alert->done = [this](const AlertOutcome& outcome) {
    if (!outcome.ok()) {
      LogWarning("an alert could not be ended", {{"error", outcome.status()}});
    } else if (outcome->events > 0) {
      on_alert_ended_(*outcome);
    }
  };
  return pending;
}

// So that a disk that has room again is seen without a publish.
void Sequencer::AskLogAgain() {
  if (state().disk_full) {
    Note(log_.CheckWritable());
  }
}

// A trim is prepared beside the sequencer once that runs, and done when it is ready.
void Sequencer::TrimIfDue(absl::Duration now) {
  if (const std::optional<absl::Status> prepared = trim_preparation_.TakeDone()) {
    prepared->ok() ? Trim() : Note(*prepared);
  }
  if (!TrimIsDue(now)) {
    return;
  }
  if (!trim_preparation_.running()) {
    return Trim();
  }
  trim_preparation_.Begin([this, wall = clock_.Now()] {
    StandBack();
    return log_.PrepareTrim(options_.retention, wall);
  });
}

bool Sequencer::TrimIsDue(absl::Duration now) {
  if (now < trim_due_ && appended_since_trim_ < options_.trim_after_events) {
    return false;
  }
  trim_due_ = now + options_.trim_interval;
  appended_since_trim_ = 0;
  return true;
}

void Sequencer::Trim() {
  if (const absl::Status status = log_.Trim(options_.retention, clock_.Now()); !status.ok()) {
    Note(status);
  }
  follower_.CatchUp();  // with what the log has forgotten
}

// A sync takes as long as the disk does: some milliseconds, or seconds when others write a lot. One
// that is not done within an interval is waited for, so that no more than two intervals of events
// are ever not on the disk.
void Sequencer::SyncIfDue(absl::Duration now) {
  NoteSynced();
  if (!unsynced_ || now < sync_due_) {
    return;
  }
  sync_due_ = now + options_.sync_interval;
  unsynced_ = false;
  if (!sync_.running()) {
    if (const absl::Status status = log_.Sync(); !status.ok()) {
      Note(status);
    }
    return;
  }
  sync_.Wait();
  NoteSynced();
  sync_.Begin([this] { return log_.Sync(); });
}

void Sequencer::NoteSynced() {
  const std::optional<absl::Status> synced = sync_.TakeDone();
  if (synced && !synced->ok()) {
    Note(*synced);
  }
}

absl::Duration Sequencer::UntilDue() {
  const absl::Duration now = clock_.Monotonic();
  const absl::Duration due = unsynced_ ? std::min(trim_due_, sync_due_) : trim_due_;
  const absl::Duration end = follower_.firing().next_end() - clock_.Now();
  return std::min(due - now, std::max(end, ends_again_ - now));
}

void Sequencer::Note(const absl::Status& status) {
  MutexLock lock(mutex_);
  state_.accepts_publish = status.ok();
  state_.publish_error = std::string(status.message());
  state_.disk_full = IsDiskFull(status);
}

}  // namespace tocsin::hub
