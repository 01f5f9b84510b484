// rocksdb_store.h: the RocksDB database under the log: its column families, its tuning, and how it
// is opened.
//
// Shape:   five column families. Events arrive in key order, so compaction moves files instead of
// rewriting them. Threads: safe, as RocksDB is. Errors:  DATA_LOSS for damage, RESOURCE_EXHAUSTED
// for a full disk, else UNAVAILABLE.
//
// What is found out about damage, and what is not: a record of the write-ahead log, a block of a
// table file, and the manifest each carry a checksum. A torn record at the very end of the
// write-ahead log is dropped in silence: it was never synced, so nobody was told of it. Any other
// damage in the write-ahead log refuses the strict opening; the database is then opened up to the
// damage and says so (salvaged), and the log above begins a new epoch. A write-ahead log that ends
// early exactly between two records cannot be told from one that was never longer; a closed one
// that is missing or too short can, by the manifest.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/iterator.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tocsin::hub {

enum class Column { kDefault, kEvents, kDedup, kIncidents, kMeta, kMarks };
inline constexpr size_t kColumns = 6;

class RocksDbStore {
 public:
  // `env` null: the system's.
  static absl::StatusOr<std::unique_ptr<RocksDbStore>> Open(const std::string& dir,
                                                            rocksdb::Env* env);
  ~RocksDbStore();
  RocksDbStore(const RocksDbStore&) = delete;
  RocksDbStore& operator=(const RocksDbStore&) = delete;

  // The end of the write-ahead log was damaged and is lost, now or at an earlier opening: it stays
  // so until ForgetSalvage, for a salvage leaves no damage for the next opening to find.
  bool salvaged() const { return salvaged_; }
  absl::Status ForgetSalvage();

  rocksdb::DB& db() { return *db_; }
  rocksdb::ColumnFamilyHandle* column(Column column) const {
    return handles_[static_cast<size_t>(column)];
  }
  // Nothing when there is no such key.
  absl::StatusOr<std::optional<std::string>> Get(Column column, std::string_view key) const;
  std::unique_ptr<rocksdb::Iterator> Iterate(Column column) const;

 private:
  explicit RocksDbStore(const std::string& dir) : salvage_marker_(dir + ".salvaged") {}
  rocksdb::Status TryOpen(const std::string& dir, rocksdb::Env* env, bool strict);

  const std::string salvage_marker_;
  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, kColumns> handles_{};
  bool salvaged_ = false;
};

absl::Status FromRocksDb(const rocksdb::Status& status, std::string_view doing);

}  // namespace tocsin::hub
