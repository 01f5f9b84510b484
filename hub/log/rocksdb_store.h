// rocksdb_store.h: the RocksDB database under the log: its column families, its tuning, and how it
// is opened.
//
// Shape:   column families, as Column names them. Events arrive in key order, so compaction moves
//          files instead of rewriting them.
// Threads: safe, as RocksDB is.
// Errors:  DATA_LOSS for damage, else UNAVAILABLE; DiskFullError for a full disk.
//          FAILED_PRECONDITION where there is data without the file that says what belongs to it.
//
// Damage: each record of the write-ahead log, each block of a table file and the manifest carry a
// checksum. The database is opened only if all of its write-ahead log can be read, and the head of
// each table file. If not, it is salvaged: opened up to the first damage of the write-ahead log,
// and without table files that cannot be read; a read that needs one of them fails with DATA_LOSS.
// No checksum tells that a write-ahead log is gone, or that it ends early between two records; the
// caller may know. So before each opening the files of the write-ahead log are set aside, and the
// caller says afterwards whether to keep or drop them. A database is created only in a folder that
// has none.
//
// Failed writes: RocksDB writes nothing more until it is told to; it does not try by itself. After a
// full disk Resume takes it up again: it writes all that is in memory to table files, so that
// nothing depends on what the failed write has left.
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

  // Whether the database was salvaged, by this opening or by an earlier one after which the files
  // set aside were neither kept nor dropped. (A salvage leaves no damage for the next opening to
  // find.)
  bool salvaged() const;
  // Gives the folder with the files set aside its lasting name and returns it; "" when there is
  // none.
  absl::StatusOr<std::string> KeepAside();
  void DropAside();

  rocksdb::DB& db() const { return *db_; }
  rocksdb::ColumnFamilyHandle* column(Column column) const {
    return handles_[static_cast<size_t>(column)];
  }
  // Returns nothing when there is no such key. `as_of` null reads the present state.
  absl::StatusOr<std::optional<std::string>> Get(Column column, std::string_view key,
                                                 const rocksdb::Snapshot* as_of = nullptr) const;
  std::unique_ptr<rocksdb::Iterator> Iterate(Column column,
                                             const rocksdb::Snapshot* as_of = nullptr) const;
  // The size of the column's table files and of its data that is still in memory.
  uint64_t Bytes(Column column) const;
  // Reads the column's table files through. Whether a checksum of theirs is wrong.
  absl::StatusOr<bool> IsDamaged(Column column) const;
  // Sets the column's files aside, returns the folder, and leaves the column empty.
  absl::StatusOr<std::string> MakeAnew(Column column);
  // Writes all data in memory to table files, so that the write-ahead log is empty.
  rocksdb::Status Flush();
  // The bytes in memory that are to be written to table files, and the most that they may be.
  uint64_t Unflushed() const;
  static uint64_t MostUnflushed();
  rocksdb::Status Resume();

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

// Whether trying again is of no use: the bytes are wrong, or their file is gone.
bool IsDamage(const rocksdb::Status& status);
// DATA_LOSS for damage, DiskFullError for a full disk, else UNAVAILABLE.
absl::Status FromRocksDb(const rocksdb::Status& status, std::string_view doing);

}  // namespace tocsin::hub
