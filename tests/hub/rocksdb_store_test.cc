// The store's files while RocksDB compacts them.
#include "hub/log/rocksdb_store.h"

#include <gtest/gtest.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <functional>
#include <utility>

#include "tests/hub/hub_fixtures.h"

namespace tocsin::hub {
namespace {

// Calls `before_open`, once, before a table file is opened.
class TableOpenings : public rocksdb::FileSystemWrapper {
 public:
  TableOpenings() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "TableOpenings"; }
  rocksdb::IOStatus NewRandomAccessFile(const std::string& name,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                        rocksdb::IODebugContext* debug) override {
    if (name.ends_with(".sst") && before_open) {
      std::exchange(before_open, nullptr)();
    }
    return target()->NewRandomAccessFile(name, options, file, debug);
  }

  std::function<void()> before_open;
};

// Symptom: now and then a start refused its whole log as damaged. Cause: the check of the incident
// tables listed their files, a compaction replaced one, and it was gone when it was to be opened.
// Older tests missed it: their tables are of one file, which nothing compacts.
TEST(RocksDbStoreTest, ACompactionDuringTheCheckOfATableIsNoDamage) {
  const TempDir dir;
  const auto files = std::make_shared<TableOpenings>();
  const std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(files);
  const auto opened = RocksDbStore::Open(dir.path() + "/log", env.get());
  ASSERT_TRUE(opened.ok()) << opened.status();
  RocksDbStore& store = **opened;
  rocksdb::ColumnFamilyHandle* const column = store.column(Column::kIncidents);
  for (const char* key : {"a", "b"}) {
    ASSERT_TRUE(store.db().Put(rocksdb::WriteOptions(), column, key, "value").ok());
    ASSERT_TRUE(store.Flush().ok());
  }
  bool compacted = false;
  files->before_open = [&] {
    rocksdb::CompactRangeOptions all;
    all.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    compacted = store.db().CompactRange(all, column, nullptr, nullptr).ok();
  };

  const absl::StatusOr<bool> damaged = store.IsDamaged(Column::kIncidents);

  ASSERT_TRUE(damaged.ok()) << damaged.status();
  EXPECT_FALSE(*damaged);
  EXPECT_TRUE(compacted);
}

}  // namespace
}  // namespace tocsin::hub
