#include "tests/hub/hub_fixtures.h"

#include <gtest/gtest.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <stdlib.h>

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/event/time_proto.h"
#include "core/event/validate.h"
#include "core/event/wire.h"

namespace tocsin::hub {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using FaultsPtr = std::shared_ptr<FailingDisk::Faults>;

IOStatus Broken() { return IOStatus::IOError("injected"); }

class FailingFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FailingFile(std::unique_ptr<rocksdb::FSWritableFile> file, FaultsPtr faults)
      : FSWritableFileOwnerWrapper(std::move(file)), faults_(std::move(faults)) {}
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options,
                  IODebugContext* debug) override {
    const IOStatus fails = Writing();
    return fails.ok() ? FSWritableFileOwnerWrapper::Append(data, options, debug) : fails;
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& checked, IODebugContext* debug) override {
    const IOStatus fails = Writing();
    return fails.ok() ? FSWritableFileOwnerWrapper::Append(data, options, checked, debug) : fails;
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return faults_->syncs ? Broken() : FSWritableFileOwnerWrapper::Sync(options, debug);
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return faults_->syncs ? Broken() : FSWritableFileOwnerWrapper::Fsync(options, debug);
  }

 private:
  IOStatus Writing() const {
    return faults_->full ? IOStatus::NoSpace("injected") : faults_->writes ? Broken() : IOStatus();
  }
  const FaultsPtr faults_;
};

class UnreadableFile : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  UnreadableFile(std::unique_ptr<rocksdb::FSRandomAccessFile> file, FaultsPtr faults)
      : FSRandomAccessFileOwnerWrapper(std::move(file)), faults_(std::move(faults)) {}
  IOStatus Read(uint64_t offset, size_t size, const IOOptions& options, rocksdb::Slice* result,
                char* scratch, IODebugContext* debug) const override {
    return faults_->reads ? Broken()
                          : FSRandomAccessFileOwnerWrapper::Read(offset, size, options, result,
                                                                 scratch, debug);
  }

 private:
  const FaultsPtr faults_;
};

class FailingFileSystem : public rocksdb::FileSystemWrapper {
 public:
  explicit FailingFileSystem(FaultsPtr faults)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), faults_(std::move(faults)) {}
  const char* Name() const override { return "FailingFileSystem"; }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override {
    std::unique_ptr<rocksdb::FSWritableFile> real;
    const rocksdb::IOStatus status = target()->NewWritableFile(name, options, &real, debug);
    if (status.ok()) {
      *file = std::make_unique<FailingFile>(std::move(real), faults_);
    }
    return status;
  }
  rocksdb::IOStatus NewRandomAccessFile(const std::string& name,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                        rocksdb::IODebugContext* debug) override {
    std::unique_ptr<rocksdb::FSRandomAccessFile> real;
    const rocksdb::IOStatus status = target()->NewRandomAccessFile(name, options, &real, debug);
    if (status.ok()) {
      *file = std::make_unique<UnreadableFile>(std::move(real), faults_);
    }
    return status;
  }

 private:
  const FaultsPtr faults_;
};

v1::Event Normalized(v1::Event event) {
  const absl::Status status = NormalizeEvent(event, "event");
  EXPECT_TRUE(status.ok()) << status;
  return event;
}

}  // namespace

TempDir::TempDir() : path_(testing::TempDir() + "tocsin-XXXXXX") {
  EXPECT_NE(mkdtemp(path_.data()), nullptr);
}

TempDir::~TempDir() { std::filesystem::remove_all(path_); }

std::string TestUuid(uint64_t number) {
  return absl::StrFormat("00000000-0000-7000-8000-%012x", number);
}

EventPtr TestRecord(const Cursor& cursor, absl::Time time, size_t padding) {
  v1::Event event = SystemEvent(std::string(padding, 'x'));
  event.set_id(TestUuid(cursor.sequence));
  event.set_sequence(cursor.sequence);
  event.set_epoch(cursor.epoch);
  event.set_cursor(FormatCursor(cursor));
  SetTimestamp(*event.mutable_time(), time);
  return MakeWireRecord(event);
}

std::shared_ptr<LogBatch> NextBatch(const Log& log, size_t count, absl::Time time, size_t padding) {
  auto batch = std::make_shared<LogBatch>();
  Cursor cursor{log.epochs().present(), log.extent().latest.sequence};
  for (size_t i = 0; i < count; ++i) {
    ++cursor.sequence;
    batch->events.push_back(TestRecord(cursor, time, padding));
    batch->dedup.push_back(
        {TestUuid(cursor.sequence), 7 * cursor.sequence, cursor.sequence, time, ""});
  }
  return batch;
}

IncidentPtr IncidentAt(uint64_t number, Sequence last, absl::Time time, v1::IncidentState state) {
  v1::Incident incident = IncidentCreated(TestUuid(number)).incident();
  incident.set_state(state);
  return IncidentState::From(incident, last, time);
}

v1::Event SystemEvent(std::string_view message, std::string_view id) {
  v1::Event event;
  event.set_id(std::string(id));
  event.mutable_system_event()->set_category("test");
  event.mutable_system_event()->set_message(std::string(message));
  return Normalized(std::move(event));
}

v1::Event IncidentCreated(std::string_view incident_id, v1::Severity severity) {
  v1::Event event;
  event.set_type(v1::EVENT_TYPE_INCIDENT_CREATED);
  v1::Incident& incident = *event.mutable_incident();
  incident.set_id(std::string(incident_id));
  incident.set_severity(severity);
  incident.set_source("test");
  incident.set_title("disk full");
  return Normalized(std::move(event));
}

v1::Event CommentOn(std::string_view incident_id, std::string_view comment) {
  v1::Event event;
  event.mutable_comment_added()->set_incident_id(std::string(incident_id));
  event.mutable_comment_added()->set_author("ann");
  event.mutable_comment_added()->set_comment(std::string(comment));
  return Normalized(std::move(event));
}

std::unique_ptr<RocksDbLog> OpenRocks(const RocksDbOptions& options) {
  auto log = RocksDbLog::Open(options);
  EXPECT_TRUE(log.ok()) << log.status();
  return log.ok() ? *std::move(log) : nullptr;
}

RocksDbOptions RocksIn(const TempDir& dir, Durability durability) {
  RocksDbOptions options;
  options.dir = dir.path() + "/data";
  options.durability = durability;
  return options;
}

FailingDisk::FailingDisk()
    : faults_(std::make_shared<Faults>()),
      env_(rocksdb::NewCompositeEnv(std::make_shared<FailingFileSystem>(faults_))) {}

FailingDisk::~FailingDisk() = default;

std::vector<Sequence> SequencesOf(const std::vector<EventPtr>& events) {
  std::vector<Sequence> sequences;
  for (const EventPtr& event : events) {
    sequences.push_back(event->cursor.sequence);
  }
  return sequences;
}

}  // namespace tocsin::hub
