// What RocksDB's errors are told as.
#include <gtest/gtest.h>

#include "core/event/error.h"
#include "core/event/limits.h"
#include "hub/log/rocksdb_log.h"
#include "hub/log/rocksdb_store.h"
#include "tests/hub/hub_fixtures.h"

namespace tocsin::hub {
namespace {

// Of the one kind that clients are told to come back after.
void ExpectUnavailable(const absl::Status& status) {
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_EQ(ErrorCodeOf(status), ErrorCode::kServiceUnavailable) << status;
  EXPECT_GT(ErrorDetailsOf(status).retry_after, absl::ZeroDuration()) << status;
}

TEST(RocksDbErrorsTest, AReadThatFailsInPassingIsNoDamage) {
  TempDir dir;
  FailingDisk disk;
  RocksDbOptions options = RocksIn(dir);
  options.env = disk.env();
  {
    auto log = OpenRocks(options);
    // Each in a block of its own, and more than is read ahead at the opening.
    ASSERT_EQ(log->Append(NextBatch(*log, 40, kStart, 200 * limits::kKiB)), absl::OkStatus());
    ASSERT_EQ(log->Close(), absl::OkStatus());
  }
  {
    const auto store = RocksDbStore::Open(options.dir + "/log", nullptr);
    ASSERT_TRUE(store.ok()) << store.status();
    ASSERT_TRUE((*store)->db().Flush({}, (*store)->column(Column::kEvents)).ok());
  }
  auto log = OpenRocks(options);
  disk.FailReads(true);
  const auto read = log->Read(0, 10, 1);
  disk.FailReads(false);
  ExpectUnavailable(read.status());
  EXPECT_EQ(SequencesOf(*log->Read(0, 1, 1)), std::vector<Sequence>{1});
}

TEST(RocksDbErrorsTest, ALogThatIsClosedOrFailedSaysWhenToComeBack) {
  TempDir dir;
  FailingDisk disk;
  RocksDbOptions options = RocksIn(dir);
  options.env = disk.env();
  {
    auto log = OpenRocks(options);
    ASSERT_EQ(log->Close(), absl::OkStatus());
    ExpectUnavailable(log->Append(NextBatch(*log, 1, kStart)));
  }
  auto log = OpenRocks(options);
  disk.FailSyncs(true);
  ExpectUnavailable(log->Append(NextBatch(*log, 1, kStart)));
}

TEST(RocksDbErrorsTest, EachErrorHasItsKind) {
  ExpectUnavailable(FromRocksDb(rocksdb::Status::IOError("the bus"), "cannot read"));
  EXPECT_EQ(FromRocksDb(rocksdb::Status::Corruption("a block"), "cannot read").code(),
            absl::StatusCode::kDataLoss);
  const absl::Status full = FromRocksDb(rocksdb::Status::NoSpace("none"), "cannot write");
  ExpectUnavailable(full);
  EXPECT_TRUE(IsDiskFull(full));
  EXPECT_EQ(FromRocksDb(rocksdb::Status::OK(), "cannot read"), absl::OkStatus());
}

}  // namespace
}  // namespace tocsin::hub
