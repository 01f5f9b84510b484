// hub_fixtures.h: what the hub's tests share: directories that go away, events, stores, and a disk
// that fails when told.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/event/record.h"
#include "hub/log/log.h"
#include "hub/log/rocksdb_log.h"
#include "tocsin/v1/event.pb.h"

namespace rocksdb {
class Env;
}

namespace tocsin::hub {

inline const absl::Time kStart = absl::FromUnixSeconds(1'700'000'000);

class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// "00000000-0000-7000-8000-" and the number in 12 hexadecimal digits.
std::string TestUuid(uint64_t number);

// A stored event as the sequencer would make it.
EventPtr TestRecord(const Cursor& cursor, absl::Time time, size_t padding = 0);
// The next `count` events of a log, all accepted at `time`, with their dedup entries.
std::shared_ptr<LogBatch> NextBatch(const Log& log, size_t count, absl::Time time,
                                    size_t padding = 0);

// Incident `number` as it stands after the event `last`.
IncidentPtr IncidentAt(uint64_t number, Sequence last, absl::Time time = kStart,
                       v1::IncidentState state = v1::INCIDENT_STATE_DETECTED);

v1::Event SystemEvent(std::string_view message, std::string_view id = "");
v1::Event IncidentCreated(std::string_view incident_id, v1::Severity severity = v1::SEVERITY_P2);
v1::Event CommentOn(std::string_view incident_id, std::string_view comment);

std::unique_ptr<RocksDbLog> OpenRocks(const RocksDbOptions& options);
RocksDbOptions RocksIn(const TempDir& dir, Durability durability = Durability::kAlways);

// A disk whose writes, syncs and reads can be made to fail.
class FailingDisk {
 public:
  struct Faults {
    std::atomic<bool> full{false};
    std::atomic<bool> writes{false};
    std::atomic<bool> syncs{false};
    std::atomic<bool> reads{false};
  };

  FailingDisk();
  ~FailingDisk();
  rocksdb::Env* env() { return env_.get(); }
  void FailSyncs(bool fail) { faults_->syncs = fail; }
  // Of what is not in memory yet.
  void FailReads(bool fail) { faults_->reads = fail; }
  void FailWrites(bool fail) { faults_->writes = fail; }
  // Writes fail for want of room.
  void SetFull(bool full) { faults_->full = full; }

 private:
  const std::shared_ptr<Faults> faults_;
  std::unique_ptr<rocksdb::Env> env_;
};

// Sequences of what was read.
std::vector<Sequence> SequencesOf(const std::vector<EventPtr>& events);

}  // namespace tocsin::hub
