#include "tests/simulation/disk.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/event/wire.h"
#include "hub/log/free_space.h"

namespace tocsin::simulation {
namespace {

absl::Status FullError() { return hub::DiskFullError("in the simulation"); }

absl::Status BrokenError() { return MakeError(ErrorCode::kServiceUnavailable, "a write failed"); }

// The event, which comes after those of `log`.
LoggedEvent Read(const EventRecord& record, const std::vector<LoggedEvent>& log) {
  const v1::Event event = DecodeEventField(record.payload).value();
  const v1::Severity severity = event.incident().severity();
  LoggedEvent logged{.cursor = record.cursor,
                     .id = event.id(),
                     .incident = event.incident().id(),
                     .worst = severity == v1::SEVERITY_P0 || severity == v1::SEVERITY_P1};
  const auto before = std::find_if(log.rbegin(), log.rend(), [&](const LoggedEvent& earlier) {
    return earlier.incident == logged.incident;
  });
  logged.left = before != log.rend() && before->worst && !logged.worst;
  return logged;
}

}  // namespace

hub::MemoryLogOptions Disk::Open(Epoch epoch) {
  broken = false;
  Sync();  // the epoch's record is synced, and with it all that was written before
  std::vector<LoggedEvent> log;
  for (const hub::CommitPtr& commit : commits_) {
    Add(*commit, log);
  }
  epochs_.Begin(epoch, /*earliest=*/0, /*last=*/log.size());
  lives_[epoch] = std::move(log);
  hub::MemoryLogOptions options;
  options.epochs = epochs_;
  options.retention.max_events = keep_;
  return options;
}

absl::Status Disk::Append(const hub::CommitPtr& commit) {
  if (broken) {
    return BrokenError();
  }
  if (full) {
    return FullError();
  }
  commits_.push_back(commit);
  if (sync_) {
    Sync();
  }
  Add(*commit, lives_.at(epochs_.present()));
  std::exchange(before_answer, [] {})();
  return broken ? BrokenError() : absl::OkStatus();
}

void Disk::Add(const hub::LogBatch& commit, std::vector<LoggedEvent>& log) const {
  for (const EventPtr& event : commit.events) {
    log.push_back(Read(*event, log));
  }
}

void Disk::CutPower() {
  has_lost_ = has_lost_ || synced_ < commits_.size();
  commits_.resize(synced_);
}

DiskLog::DiskLog(Disk& disk, Epoch epoch) : WrappedLog(disk.Open(epoch)), disk_(disk) {
  for (const hub::CommitPtr& commit : disk.commits()) {
    if (!log.Append(commit).ok()) {
      std::abort();
    }
  }
}

absl::Status DiskLog::Append(hub::CommitPtr commit) {
  RETURN_IF_ERROR(disk_.Append(commit));
  return log.Append(std::move(commit));
}

absl::Status DiskLog::Sync() {
  if (disk_.broken) {
    return BrokenError();
  }
  disk_.Sync();
  return absl::OkStatus();
}

absl::Status DiskLog::CheckWritable() const {
  return disk_.broken ? BrokenError() : disk_.full ? FullError() : absl::OkStatus();
}

}  // namespace tocsin::simulation
