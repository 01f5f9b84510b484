#include "hub/follower.h"

#include <algorithm>
#include <utility>

#include "core/base/status_macros.h"

namespace tocsin::hub {

Follower::Follower(Log& log, Window& window, DedupBounds dedup, IncidentCacheBounds incidents)
    : log_(log), window_(window), dedup_(dedup), incidents_(incidents) {}

Follower::~Follower() { log_.Follow(nullptr); }

absl::Status Follower::Load(absl::Time now) {
  const LogExtent extent = log_.extent();
  last_ = extent.latest.sequence;
  ASSIGN_OR_RETURN(const std::vector<DedupEntry> entries, log_.ReadDedup());
  dedup_.Load(entries);
  if (!entries.empty()) {
    time_ = entries.back().time;
  }
  if (extent.events > 0) {
    const auto newest = log_.Read(last_ - 1, 1, 1);
    if (newest.ok() && !newest->empty()) {
      time_ = std::max(time_, newest->front()->time);
    }
  }
  dedup_.Expire(now);
  if (!window_.view().open) {
    window_.Start(extent.latest);
  }
  log_.Follow(this);
  return absl::OkStatus();
}

void Follower::OnCommit(CommitPtr commit) {
  {
    MutexLock lock(mutex_);
    waiting_.push_back(std::move(commit));
  }
  on_commit_();
}

size_t Follower::CatchUp() {
  std::vector<CommitPtr> commits;
  {
    MutexLock lock(mutex_);
    commits.swap(waiting_);
  }
  size_t events = 0;
  for (const CommitPtr& commit : commits) {
    Take(*commit);
    events += commit->events.size();
  }
  if (events > 0) {
    on_appended_();
  }
  return events;
}

void Follower::Take(const LogBatch& commit) {
  for (const DedupEntry& entry : commit.dedup) {
    dedup_.Add(entry);
  }
  for (const IncidentChange& change : commit.incidents) {
    incidents_.Put(change.after);
  }
  last_ = commit.events.back()->cursor.sequence;
  time_ = std::max(time_, commit.events.back()->time);
  dedup_.Expire(time_);
  window_.Append(commit.events);
}

}  // namespace tocsin::hub
