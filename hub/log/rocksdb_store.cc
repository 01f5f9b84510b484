#include "hub/log/rocksdb_store.h"

#include <rocksdb/convenience.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/limits.h"
#include "hub/log/loss_marker.h"

namespace tocsin::hub {
namespace {

using limits::kMiB;

constexpr size_t kEventsBuffer = 32 * kMiB;
constexpr size_t kSmallBuffer = 8 * kMiB;
// Columns that are seldom written keep old write-ahead logs alive; past this they are flushed.
constexpr size_t kMaxWalBytes = 256 * kMiB;
constexpr size_t kBlockCache = 32 * kMiB;

rocksdb::DBOptions DatabaseOptions(rocksdb::Env* env, bool strict) {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.env = env != nullptr ? env : rocksdb::Env::Default();
  options.paranoid_checks = true;
  options.max_open_files = 256;
  options.max_background_jobs = 2;
  options.max_total_wal_size = kMaxWalBytes;
  options.info_log_level = rocksdb::WARN_LEVEL;
  options.keep_log_file_num = 2;
  options.track_and_verify_wals_in_manifest = strict;
  options.wal_recovery_mode = strict ? rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords
                                     : rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  return options;
}

rocksdb::CompressionType BestCompression() {
  const auto supported = rocksdb::GetSupportedCompressions();
  const bool lz4 =
      std::find(supported.begin(), supported.end(), rocksdb::kLZ4Compression) != supported.end();
  return lz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
}

rocksdb::ColumnFamilyOptions ColumnOptions(const std::shared_ptr<rocksdb::Cache>& cache,
                                           size_t buffer, bool bloom) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = 16 * limits::kKiB;
  if (bloom) {
    // An incident_created asks for an incident that is not there.
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  }
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.write_buffer_size = buffer;
  options.max_write_buffer_number = 3;
  options.compression = BestCompression();
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> Columns() {
  const auto cache = rocksdb::NewLRUCache(kBlockCache);
  const auto small = ColumnOptions(cache, kSmallBuffer, false);
  return {
      {rocksdb::kDefaultColumnFamilyName, small},
      {"events", ColumnOptions(cache, kEventsBuffer, false)},
      {"dedup", small},
      {"incidents", ColumnOptions(cache, kSmallBuffer, true)},
      {"meta", small},
      {"marks", small},
  };
}

}  // namespace

rocksdb::Status RocksDbStore::TryOpen(const std::string& dir, rocksdb::Env* env, bool strict) {
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::Open(DatabaseOptions(env, strict), dir, Columns(), &handles, &db);
  if (status.ok()) {
    db_.reset(db);
    std::copy(handles.begin(), handles.end(), handles_.begin());
  }
  return status;
}

absl::StatusOr<std::unique_ptr<RocksDbStore>> RocksDbStore::Open(const std::string& dir,
                                                                 rocksdb::Env* env) {
  std::unique_ptr<RocksDbStore> store(new RocksDbStore(dir));
  rocksdb::Status status = store->TryOpen(dir, env, /*strict=*/true);
  if (status.IsCorruption()) {
    RETURN_IF_ERROR(SetLossMarker(store->salvage_marker_));
    status = store->TryOpen(dir, env, /*strict=*/false);
  }
  store->salvaged_ = HasLossMarker(store->salvage_marker_);
  if (!status.ok()) {
    return FromRocksDb(status, absl::StrCat("cannot open the log in ", dir));
  }
  return store;
}

absl::Status RocksDbStore::ForgetSalvage() { return ClearLossMarker(salvage_marker_); }

RocksDbStore::~RocksDbStore() {
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    if (handle != nullptr) {
      db_->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
    }
  }
}

absl::StatusOr<std::optional<std::string>> RocksDbStore::Get(Column from,
                                                             std::string_view key) const {
  std::string value;
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), column(from), key, &value);
  if (status.IsNotFound()) {
    return std::optional<std::string>();
  }
  if (!status.ok()) {
    return FromRocksDb(status, "cannot read the log");
  }
  return std::optional<std::string>(std::move(value));
}

std::unique_ptr<rocksdb::Iterator> RocksDbStore::Iterate(Column over) const {
  return std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(rocksdb::ReadOptions(), column(over)));
}

absl::Status FromRocksDb(const rocksdb::Status& status, std::string_view doing) {
  if (status.ok()) {
    return absl::OkStatus();
  }
  const std::string message = absl::StrCat(ToAbsl(doing), ": ", status.ToString());
  if (status.IsCorruption()) {
    return absl::DataLossError(message);
  }
  if (status.IsNoSpace()) {
    return absl::ResourceExhaustedError(message);
  }
  ErrorDetails details;
  details.retry_after = absl::Seconds(1);
  return MakeError(ErrorCode::kServiceUnavailable, message, details);
}

}  // namespace tocsin::hub
