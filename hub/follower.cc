#include "hub/follower.h"

#include <utility>

#include "core/base/planted.h"
#include "core/base/status_macros.h"

namespace tocsin::hub {

Follower::Follower(Log& log, Window& window, DedupBounds dedup, IncidentCacheBounds incidents)
    : log_(log), window_(window), dedup_(dedup), incidents_(incidents) {}

Follower::~Follower() { log_.Follow(nullptr); }

absl::Status Follower::Load(CheckedClock& clock) {
  const LogExtent extent = log_.extent();
  last_ = extent.latest.sequence;
  ASSIGN_OR_RETURN(const std::vector<DedupEntry> entries, log_.ReadDedup());
  if (!Planted("start-loads-no-ids")) dedup_.Load(entries);
  if (!entries.empty()) {
    time_ = entries.back().time;
  }
  if (extent.events > 0) {
    const auto newest = log_.Read(last_ - 1, 1, 1);
    if (newest.ok() && !newest->empty()) {
      time_ = newest->front()->time;
    }
  }
  clock.Begin(time_);
  const absl::Time now = clock.Now();
  ASSIGN_OR_RETURN(const std::vector<OpenAlert> open, log_.ReadOpenAlerts());
  firing_.Load(open, now);
  dedup_.Expire(now);
  if (!window_.view().open) {
    window_.Start(extent.latest);
  }
  log_.Follow(this);
  return absl::OkStatus();
}

void Follower::OnCommit(CommitPtr commit) { Hear({std::move(commit), {}}); }

void Follower::OnForgotten(std::vector<std::string> incidents) {
  Hear({nullptr, std::move(incidents)});
}

void Follower::Hear(Heard heard) {
  {
    MutexLock lock(mutex_);
    waiting_.push_back(std::move(heard));
  }
  on_commit_();
}

size_t Follower::CatchUp() {
  std::vector<Heard> waiting;
  {
    MutexLock lock(mutex_);
    waiting.swap(waiting_);
  }
  size_t events = 0;
  for (const Heard& heard : waiting) {
    if (heard.commit == nullptr) {
      Forget(heard.forgotten);
    } else {
      Take(heard.commit);
      events += heard.commit->events.size();
    }
  }
  if (events > 0) {
    on_appended_();
  }
  return events;
}

void Follower::Take(const CommitPtr& commit) {
  for (const DedupEntry& entry : commit->dedup) {
    dedup_.Add(entry);
  }
  for (const IncidentChange& change : commit->incidents) {
    incidents_.Put(change.after);
  }
  for (const AlertChange& change : commit->alerts) {
    firing_.Follow(change);
  }
  last_ = commit->events.back()->cursor.sequence;
  time_ = commit->events.back()->time;
  dedup_.Expire(time_);
  if (next_ != nullptr) {
    next_->OnCommit(commit);
  }
  window_.Append(commit->events);
}

// What the log has forgotten is not known from the cache either.
void Follower::Forget(const std::vector<std::string>& incidents) {
  for (const std::string& id : incidents) {
    incidents_.Erase(id);
  }
  firing_.ForgetOf(incidents);
  if (next_ != nullptr) {
    next_->OnForgotten(incidents);
  }
}

}  // namespace tocsin::hub
