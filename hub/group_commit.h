// group_commit.h: turns waiting publishes into one append to the log.
//
// Shape:   each publish is staged in turn upon what follows the log: duplicates are found,
//          incidents applied, ids, times and places given, events encoded. An alert is made into
//          events first (alert_rules.h), and those are staged as a publish. One that is refused
//          leaves nothing behind. Then all that was staged is appended at once. If that fails,
//          nothing of it has happened; where another was first, it is staged again upon theirs.
//          Past kGroupBytes the rest of a group waits for the next commit.
// Threads: not thread-safe; the sequencer's.
// Owns:    what is staged; nothing of what follows the log.
// Errors:  a publish's own, in its outcome; the log's, in every outcome of the group.
// Source:  docs/life-of-an-event.md
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/event/field_path.h"
#include "core/event/limits.h"
#include "hub/alerts.h"
#include "hub/checked_clock.h"
#include "hub/follower.h"
#include "hub/incidents.h"
#include "hub/log/log.h"
#include "hub/publish.h"

namespace tocsin::hub {

// Completed events of one commit: what publishes sent is bounded before, but what the hub adds to
// an event that gives its incident by id may be a hundred times as much. One request more than this
// at the most is held.
inline constexpr size_t kGroupBytes = 16 * limits::kMiB;

// A group is refused with UNAVAILABLE after it was staged so often and another was always first.
inline constexpr int kMostStagings = 100;

struct CommittedGroup {
  size_t taken = 0;   // of the publishes, from the first: their outcomes are filled
  size_t events = 0;  // that were appended
};

struct AlertOptions {
  // An alert that is resolved resolves its incident, unless another of its alerts is open.
  bool resolve_incidents = true;
};

class GroupCommit {
 public:
  GroupCommit(Log& log, Follower& follower, CheckedClock& clock, AlertOptions alerts = {});

  // Takes at least one publish of a group that has any; what is appended has been followed when
  // this returns. The status of the last append is in last_append().
  CommittedGroup Commit(std::span<PendingPublish> group);
  const absl::Status& last_append() const { return last_append_; }

 private:
  CommittedGroup TryCommit(std::span<PendingPublish> group);
  void BeginGroup();
  void Stage(PendingPublish& pending);
  PublishOutcome StagePublish(PendingPublish& pending);
  PublishOutcome StageEvents(PendingPublish& pending, std::vector<v1::Event>& events);
  AlertOutcome StageAlert(PendingAlert& pending);
  static bool IsOtherContent(const DedupWindow::Seen& seen, const Content& content);
  static absl::Status OtherContentError(std::string_view id, Sequence sequence,
                                        const FieldPath& path);
  // Nothing when the alert was not taken before.
  absl::StatusOr<std::optional<AlertAnswer>> FindTakenAlert(const PendingAlert& pending) const;
  void CompleteSubmitted(v1::Alert& alert) const;
  // Makes `alert`, of which the fingerprint is given, the one that has come to its end, as it was
  // reported last. False when it is not open, or not over any more.
  bool ReadEnded(const KnownAlert& known, v1::Alert& alert) const;
  AlertOutcome StageAlertEvents(const AlertPlan& plan, const v1::Alert& alert,
                                const KnownAlert& known, const PendingAlert& pending);
  // Nullptr when the id was not seen, by the log or in this group.
  const DedupWindow::Seen* FindId(std::string_view id) const;
  absl::StatusOr<std::optional<v1::PublishResult>> FindDuplicate(const v1::Event& event,
                                                                 const Content& content,
                                                                 const FieldPath& path) const;
  absl::StatusOr<v1::PublishResult> StageEvent(v1::Event& event, const Content& content,
                                               const FieldPath& path);
  absl::Status CheckCompleted(size_t bytes, const FieldPath& path) const;
  absl::Status CheckExpected(const std::vector<v1::Event>& events, Sequence expected);
  void Unstage(size_t keep);
  void FailGroup(std::span<PendingPublish> group);

  Log& log_;
  Follower& follower_;
  CheckedClock& clock_;
  const AlertOptions options_;
  Incidents incidents_;
  Alerts alerts_;
  absl::Time time_ = absl::InfinitePast();  // of the group
  LogBatch batch_;
  absl::flat_hash_map<PackedUuid, DedupWindow::Seen> staged_ids_;
  size_t group_bytes_ = 0;    // of the batch's events, without those of the request being staged
  size_t request_bytes_ = 0;  // of the events of the request being staged
  absl::Status last_append_;
};

}  // namespace tocsin::hub
