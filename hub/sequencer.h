// sequencer.h: what gives every event its place, one group at a time.
//
// Shape:   publishes wait in a bounded queue; each pass takes what waits, commits it as one group,
//          which the follower hands to the window and the shards, then answers the publishers.
//          Nobody sees an event before it is as durable as the hub was set to. What another hub
//          appends to a shared log is followed on the same thread, and there alerts whose end has
//          come are ended.
// Threads: Publish, Submit and state from any thread. A group is committed, and done is called, on
//          the sequencer's thread; a publish that is not let in is answered on its caller's.
//          Without Start, RunOnce is called by hand (tests).
// Owns:    its thread, those that prepare trims and sync, queue and follower; log, window and clock
//          are the caller's and outlive it.
// Errors:  in the outcome of each publish. A log that stopped taking events shows in state().
// Source:  docs/life-of-an-event.md
#pragma once

#include <functional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/stream/window.h"
#include "hub/checked_clock.h"
#include "hub/follower.h"
#include "hub/group_commit.h"
#include "hub/log/log.h"
#include "hub/publish.h"
#include "hub/publish_queue.h"
#include "hub/side_task.h"

namespace tocsin::hub {

struct SequencerOptions {
  PublishQueueBounds queue;
  GroupBounds group;
  DedupBounds dedup;
  IncidentCacheBounds incidents;
  AlertOptions alerts;
  Retention retention;
  absl::Duration trim_interval = absl::Seconds(5);
  size_t trim_after_events = 65'536;  // so that a burst does not outgrow the retention by much
  // The log's durability. Under kInterval the log is synced every sync_interval, beside the appends;
  // these wait only for a sync that is not done when the next one is due.
  Durability durability = Durability::kAlways;
  absl::Duration sync_interval = absl::Seconds(1);
};

struct SequencerState {
  bool accepts_publish = true;
  std::string publish_error;  // why publishes are refused, when they are
  // The disk is full: reading goes on, and so does publishing once there is room.
  bool disk_full = false;

  // Whether the log is as it should be. A full disk is refused publish by publish, and is no reason
  // to turn readers away.
  bool healthy() const { return accepts_publish || disk_full; }
};

// The sequencer ends at most kMostEnds alerts in one turn, so that publishes do not wait for a
// crowd of them. After an append that failed it tries again kEndsRetry later.
inline constexpr size_t kMostEnds = 256;
inline constexpr absl::Duration kEndsRetry = absl::Seconds(1);

class Sequencer {
 public:
  using Done = PublishDone;

  Sequencer(Log& log, Window& window, Clock& clock, SequencerOptions options);
  ~Sequencer();
  Sequencer(const Sequencer&) = delete;
  Sequencer& operator=(const Sequencer&) = delete;

  // Called after the window has grown, on the sequencer's thread. Set before Open.
  void SetOnAppended(std::function<void()> on_appended) {
    follower_.SetOnAppended(std::move(on_appended));
  }
  // `next` is given every commit too (hub/follower.h). Set before Open.
  void SetNextFollower(LogFollower* next) { follower_.SetNext(next); }
  // Called for every alert that ended by itself, on the sequencer's thread. Set before Open.
  void SetOnAlertEnded(std::function<void(const AlertAnswer&)> on_ended) {
    on_alert_ended_ = std::move(on_ended);
  }
  // Reads the log's state back and opens the window at the log's end unless it is open. Call it
  // once, before everything else.
  absl::Status Open();
  // Starts the thread, which calls RunOnce for as long as there is work.
  void Start();
  // Refuses new publishes, commits and answers those that wait, syncs the log, and ends the thread.
  // May be called twice.
  void Stop();

  // Any thread. `done` is called exactly once.
  void Publish(PublishRequestData request, Done done);
  // Submits alerts, which are accepted or refused one by one, in one group if they fit. Each `done`
  // is called exactly once.
  void Submit(std::vector<AlertSubmission> alerts);

  // Commits one group and does what else is due. False when there was nothing to commit.
  bool RunOnce();
  SequencerState state() const;
  // How many alerts are open now. Any thread.
  size_t open_alerts() const { return follower_.firing().size(); }

 private:
  void Run();
  // Commits the first publishes of the group, and returns how many.
  size_t CommitSome(std::span<PendingPublish> group);
  void Appended(size_t events);
  void Maintain();
  void EndDueAlerts(absl::Duration now);
  PendingPublish EndOf(std::string fingerprint);
  void AskLogAgain();
  void TrimIfDue(absl::Duration now);
  bool TrimIsDue(absl::Duration now);
  void Trim();
  void SyncIfDue(absl::Duration now);
  void NoteSynced();
  absl::Duration UntilDue();
  void Note(const absl::Status& status);

  Log& log_;
  CheckedClock clock_;
  const SequencerOptions options_;
  PublishQueue queue_;
  std::thread thread_;

  // Used on the sequencer's thread only.
  Follower follower_;
  GroupCommit commit_;
  SideTask trim_preparation_;
  SideTask sync_;
  absl::Duration trim_due_;
  absl::Duration sync_due_;
  size_t appended_since_trim_ = 0;
  bool unsynced_ = false;
  absl::Duration ends_again_ = absl::ZeroDuration();  // no alert is ended before this time
  std::function<void(const AlertAnswer&)> on_alert_ended_ = [](const AlertAnswer&) {};

  mutable Mutex mutex_;
  SequencerState state_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::hub
