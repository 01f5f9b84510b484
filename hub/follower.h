// follower.h: what follows the log: window, dedup window, incidents and open alerts, fed by its
// commits and by nothing else.
//
// Shape:   the log hands over every commit in its order, whoever appended it: this hub or, on a log
//          that hubs share, another. CatchUp takes them in. So all who follow one log come to the
//          same state, and whatever a publish is staged upon is the log's own.
// Threads: OnCommit from any thread; all else on the sequencer's. One leaf mutex over what waits.
// Owns:    dedup window, incident cache and open alerts; the commits that wait. Log and window are
//          the caller's.
// Bounds:  a commit of this hub is taken in before its next; a shared log bounds what it hands over
//          ahead of that.
// Source:  docs/life-of-an-event.md
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/stream/window.h"
#include "hub/checked_clock.h"
#include "hub/dedup.h"
#include "hub/firing_alerts.h"
#include "hub/incident_cache.h"
#include "hub/log/log.h"

namespace tocsin::hub {

class Follower final : public LogFollower {
 public:
  Follower(Log& log, Window& window, DedupBounds dedup, IncidentCacheBounds incidents);
  ~Follower() override;
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  // Called on the thread of whoever hands over a commit, once it can be taken in; and, on the
  // sequencer's, once the window has grown. Set before Load.
  void SetOnCommit(std::function<void()> on_commit) { on_commit_ = std::move(on_commit); }
  void SetOnAppended(std::function<void()> on_appended) { on_appended_ = std::move(on_appended); }
  // `next` is given every commit too, in the log's order, before the window grows, on the
  // sequencer's thread.
  void SetNext(LogFollower* next) { next_ = next; }
  // Reads the log's dedup ids and open alerts back, and opens the window at the log's end unless it
  // is open. The clock is told of the newest event. Call it once, before everything else.
  absl::Status Load(CheckedClock& clock);

  void OnCommit(CommitPtr commit) override;
  void OnForgotten(std::vector<std::string> incidents) override;
  // Takes in the commits that wait. Returns how many events they had.
  size_t CatchUp();

  // Sequence and time of the newest event taken in.
  Sequence last() const { return last_; }
  absl::Time time() const { return time_; }
  const DedupWindow& dedup() const { return dedup_; }
  IncidentCache& incidents() { return incidents_; }
  FiringAlerts& firing() { return firing_; }
  const FiringAlerts& firing() const { return firing_; }

 private:
  // What the log has said: either a commit, or incidents that it has dropped.
  struct Heard {
    CommitPtr commit;
    std::vector<std::string> forgotten;
  };
  void Hear(Heard heard);
  void Take(const CommitPtr& commit);
  void Forget(const std::vector<std::string>& incidents);

  Log& log_;
  Window& window_;
  std::function<void()> on_commit_ = [] {};
  std::function<void()> on_appended_ = [] {};
  LogFollower* next_ = nullptr;

  DedupWindow dedup_;
  IncidentCache incidents_;
  FiringAlerts firing_;
  Sequence last_ = 0;
  absl::Time time_ = absl::InfinitePast();

  Mutex mutex_;
  std::vector<Heard> waiting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::hub
