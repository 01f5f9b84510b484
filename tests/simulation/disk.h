// disk.h: a hub's disk, which outlives the hub's processes: what was synced, what was only written,
// and faults.
//
// Shape:   DiskLog is the log of one process on it. What a killed process had written is kept; a
//          power cut takes what was not synced.
// Threads: one.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/event/cursor.h"
#include "hub/log/epochs.h"
#include "hub/log/memory_log.h"
#include "tests/hub/wrapped_log.h"

namespace tocsin::simulation {

struct LoggedEvent {
  Cursor cursor;
  std::string id;
  std::string incident;
  bool worst = false;  // its incident is P0 or P1
  bool left = false;   // its incident was P0 or P1 before it, and is not now
};

class Disk {
 public:
  // `sync`: every append is synced before it is answered. `keep`: how many events a log keeps; 0: all.
  Disk(bool sync, size_t keep) : sync_(sync), keep_(keep) {}

  // A process opens the log, in an epoch of its own.
  hub::MemoryLogOptions Open(Epoch epoch);
  absl::Status Append(const hub::CommitPtr& commit);
  void Sync() { synced_ = commits_.size(); }
  void CutPower();

  const std::vector<hub::CommitPtr>& commits() const { return commits_; }
  // The log as the process of that epoch saw it: the events with the sequences 1, 2, 3, …
  const std::vector<LoggedEvent>& LogOf(Epoch epoch) const { return lives_.at(epoch); }
  const std::vector<LoggedEvent>& log() const { return lives_.at(epochs_.present()); }
  bool Knows(Epoch epoch) const { return lives_.contains(epoch); }
  // Events that were once in the log and are not any more.
  bool has_lost() const { return has_lost_; }
  // The last event that retention has dropped; 0 for none.
  Sequence dropped() const { return keep_ != 0 && log().size() > keep_ ? log().size() - keep_ : 0; }

  bool full = false;
  bool broken = false;  // writes and syncs fail, until a process opens the log again
  // Called once, when a commit has been written and its process has not been told. Where it breaks
  // the disk, the process is told that the write failed.
  std::function<void()> before_answer = [] {};

 private:
  void Add(const hub::LogBatch& commit, std::vector<LoggedEvent>& log) const;

  const bool sync_;
  const size_t keep_;
  std::vector<hub::CommitPtr> commits_;
  size_t synced_ = 0;  // of commits_
  hub::Epochs epochs_;
  std::map<Epoch, std::vector<LoggedEvent>> lives_;
  bool has_lost_ = false;
};

class DiskLog final : public hub::WrappedLog {
 public:
  DiskLog(Disk& disk, Epoch epoch);

  absl::Status Append(hub::CommitPtr commit) override;
  absl::Status CheckWritable() const override;
  absl::Status Sync() override;

 private:
  Disk& disk_;
};

}  // namespace tocsin::simulation
