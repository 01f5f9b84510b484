// rocksdb_store.h: the RocksDB database under the log: its column families, its tuning, and how it
// is opened.
//
// Shape:   column families, as Column names them. Events arrive in key order, so compaction moves
//          files instead of rewriting them.
// Threads: safe, as RocksDB is.
// Errors:  DATA_LOSS for damage, RESOURCE_EXHAUSTED for a full disk, else UNAVAILABLE.
//          FAILED_PRECONDITION where there is data without the file that says what belongs to it.
//
// Damage: each record of the write-ahead log, each block of a table file and the manifest carry a
// checksum. The database is opened only if all of its write-ahead log can be read, and the head of
// each table file. If not, it is salvaged: opened up to the first damage of the write-ahead log,
// and past table files that cannot be read, of which every read then says so. What no checksum can
// tell, that a write-ahead log is gone or ends early between two records, the caller may know
// better: whatever the opening makes of a write-ahead log, its files are set aside before, until
// the caller has said to keep or drop them. A database is created in a folder that has none, and
// nowhere else.
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

enum class Column { kDefault, kEvents, kDedup, kIncidents, kMeta, kHistory, kOver, kAlerts };
inline constexpr size_t kColumns = 8;

class RocksDbStore {
 public:
  // `env` null: the system's.
  static absl::StatusOr<std::unique_ptr<RocksDbStore>> Open(const std::string& dir,
                                                            rocksdb::Env* env);
  ~RocksDbStore();
  RocksDbStore(const RocksDbStore&) = delete;
  RocksDbStore& operator=(const RocksDbStore&) = delete;

  // It was opened up to the first damage, now or at an earlier opening after which the files set
  // aside were neither kept nor dropped: a salvage leaves no damage for the next opening to find.
  bool salvaged() const;
  // Names the folder with the files set aside, and answers it; "" when there are none.
  absl::StatusOr<std::string> KeepAside();
  void DropAside();

  rocksdb::DB& db() const { return *db_; }
  rocksdb::ColumnFamilyHandle* column(Column column) const {
    return handles_[static_cast<size_t>(column)];
  }
  // Nothing when there is no such key. `as_of`: null for what is there now.
  absl::StatusOr<std::optional<std::string>> Get(Column column, std::string_view key,
                                                 const rocksdb::Snapshot* as_of = nullptr) const;
  std::unique_ptr<rocksdb::Iterator> Iterate(Column column,
                                             const rocksdb::Snapshot* as_of = nullptr) const;
  // Of its table files and of what is not in one yet.
  uint64_t Bytes(Column column) const;
  // Sets the column's files aside, and answers where; the column is empty then.
  absl::StatusOr<std::string> MakeAnew(Column column);
  // Writes all that is in memory to table files: nothing is left in the write-ahead log.
  rocksdb::Status Flush();

 private:
  explicit RocksDbStore(const std::string& dir) : dir_(dir), aside_(dir + ".damaged-new") {}
  enum class Opening { kStrict, kUpToDamage, kPastDamagedTables };

  static rocksdb::DBOptions DatabaseOptions(rocksdb::Env* env, Opening how);
  rocksdb::Status TryOpen(rocksdb::Env* env, Opening how);
  rocksdb::Status OpenOrSalvage(rocksdb::Env* env);

  const std::string dir_;
  const std::string aside_;
  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, kColumns> handles_{};
};

absl::Status FromRocksDb(const rocksdb::Status& status, std::string_view doing);

}  // namespace tocsin::hub
