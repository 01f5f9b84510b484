#include "hub/log/rocksdb_store.h"

#include <rocksdb/convenience.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/descriptors.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/limits.h"
#include "hub/log/free_space.h"
#include "hub/log/set_aside.h"

namespace tocsin::hub {
namespace {

using limits::kMiB;

constexpr size_t kEventsBuffer = 32 * kMiB;
constexpr size_t kSmallBuffer = 8 * kMiB;
constexpr int kBuffers = 3;  // of a column
// Columns that are seldom written keep old write-ahead logs alive; past this they are flushed.
constexpr size_t kMaxWalBytes = 256 * kMiB;
constexpr size_t kBlockCache = 32 * kMiB;
// Of the descriptors that connections leave alone; fewer where those are few.
constexpr size_t kMostOpenTables = 256;

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
    // An incident_created asks for an incident that is not there, a new alert for its fingerprint.
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  }
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.write_buffer_size = buffer;
  options.max_write_buffer_number = kBuffers;
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
      {"history", small},
      {"over", small},
      {"alerts", ColumnOptions(cache, kSmallBuffer, true)},
  };
}

// RocksDB's warnings become lines of our log. The file LOG, into which it would write them, lies on
// the log's disk: where a write to that file has failed, one of the checks that Debian builds in ends
// the process at the next.
class StoreLog : public rocksdb::Logger {
 public:
  StoreLog() : Logger(rocksdb::WARN_LEVEL) {}
  using Logger::Logv;
  void LogHeader(const char*, va_list) override {}
  void Logv(const char* format, va_list values) override {
    char text[1'024];
    vsnprintf(text, sizeof(text), format, values);
    LogWarning("rocksdb", {{"says", std::string(absl::StripTrailingAsciiWhitespace(text))}});
  }
};

// RocksDB's own recovery would take up writing beside ours.
class NoRecoveryByItself : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status,
                            bool* recover) override {
    *recover = false;
  }
};

// ---- files ----

bool IsData(const std::filesystem::directory_entry& entry) {
  const std::string extension = entry.path().extension();
  return extension == ".sst" || (extension == ".log" && entry.file_size() > 0);
}

// The file CURRENT names the manifest, and that names all the others. Without it RocksDB would take
// the folder for a new one, and delete what it does not know.
absl::Status CheckFiles(const std::string& dir) {
  std::error_code error;
  if (!std::filesystem::exists(dir) || std::filesystem::exists(dir + "/CURRENT")) {
    return absl::OkStatus();
  }
  bool data = false;
  std::string manifest;
  for (const auto& entry : std::filesystem::directory_iterator(dir, error)) {
    const std::string name = entry.path().filename();
    data = data || IsData(entry);
    if (absl::StartsWith(name, "MANIFEST-")) {
      manifest = std::max(manifest, name);
    }
  }
  if (!data && !error) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "the log in ", dir, " has data, but its file CURRENT is missing, which names the manifest ",
      "in force; nothing was changed. Restore the folder from a backup, or write CURRENT anew (",
      manifest.empty() ? "but there is no MANIFEST file either"
                       : absl::StrCat("echo ", manifest, " > ", dir, "/CURRENT"),
      "), or move the folder away to begin an empty log"));
}

bool HasWriteAheadLog(const std::string& dir) {
  std::error_code error;
  const std::filesystem::directory_iterator files(dir, error);
  return std::any_of(begin(files), end(files), [](const auto& entry) {
    return entry.path().extension() == ".log" && entry.file_size() > 0;
  });
}

// The write-ahead log, and what is needed to read it again.
bool IsOfTheWriteAheadLog(std::string_view name) {
  return name == "CURRENT" || name.starts_with("MANIFEST-") || name.ends_with(".log");
}

// No table file of the database goes while this lives, also none that a compaction has replaced.
class FilesStay {
 public:
  explicit FilesStay(rocksdb::DB& db) : db_(db), status_(db.DisableFileDeletions()) {}
  ~FilesStay() {
    if (status_.ok()) {
      db_.EnableFileDeletions(/*force=*/false).PermitUncheckedError();
    }
  }
  FilesStay(const FilesStay&) = delete;
  FilesStay& operator=(const FilesStay&) = delete;
  const rocksdb::Status& status() const { return status_; }

 private:
  rocksdb::DB& db_;
  const rocksdb::Status status_;
};

// In the folder set aside, what was found damaged.
constexpr const char* kSalvagedMark = "/damage";

}  // namespace

rocksdb::DBOptions RocksDbStore::DatabaseOptions(rocksdb::Env* env, Opening how) {
  const bool strict = how == Opening::kStrict;
  rocksdb::DBOptions options;
  options.create_if_missing = strict;  // a salvage creates nothing
  options.create_missing_column_families = true;
  options.env = env != nullptr ? env : rocksdb::Env::Default();
  options.paranoid_checks = how != Opening::kPastDamagedTables;
  options.max_open_files = static_cast<int>(std::min(kMostOpenTables, OtherDescriptors() / 2));
  options.max_background_jobs = 2;
  options.max_bgerror_resume_count = 0;
  options.listeners.push_back(std::make_shared<NoRecoveryByItself>());
  options.max_total_wal_size = kMaxWalBytes;
  options.info_log = std::make_shared<StoreLog>();
  options.track_and_verify_wals_in_manifest = strict;
  options.wal_recovery_mode = strict ? rocksdb::WALRecoveryMode::kAbsoluteConsistency
                                     : rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  return options;
}

rocksdb::Status RocksDbStore::TryOpen(rocksdb::Env* env, Opening how) {
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::Open(DatabaseOptions(env, how), dir_, Columns(), &handles, &db);
  if (status.ok()) {
    db_.reset(db);
    std::copy(handles.begin(), handles.end(), handles_.begin());
  }
  return status;
}

absl::StatusOr<std::unique_ptr<RocksDbStore>> RocksDbStore::Open(const std::string& dir,
                                                                 rocksdb::Env* env) {
  RETURN_IF_ERROR(CheckFiles(dir));
  std::error_code ignored;
  std::filesystem::create_directory(dir, ignored);  // RocksDB would, after a warning
  std::unique_ptr<RocksDbStore> store(new RocksDbStore(dir));
  // Those of an opening that was cut short are worth more: it may have left no damage.
  const bool sets_aside = HasWriteAheadLog(dir) && !std::filesystem::exists(store->aside_);
  if (sets_aside) {
    RETURN_IF_ERROR(SetAside(dir, store->aside_, IsOfTheWriteAheadLog));
  }
  const rocksdb::Status status = store->OpenOrSalvage(env);
  if (status.ok()) {
    return store;
  }
  if (sets_aside) {
    store->DropAside();
  }
  if (status.IsCorruption()) {
    return absl::DataLossError(absl::StrCat(
        "the log in ", dir, " is damaged and cannot be opened: ", status.ToString(),
        "; nothing was changed. Restore the folder from a backup, or move it away to begin an ",
        "empty log"));
  }
  return FromRocksDb(status, absl::StrCat("cannot open the log in ", dir));
}

// Answers the damage itself where not even a part can be opened.
rocksdb::Status RocksDbStore::OpenOrSalvage(rocksdb::Env* env) {
  const rocksdb::Status strict = TryOpen(env, Opening::kStrict);
  if (!strict.IsCorruption() || (!TryOpen(env, Opening::kUpToDamage).ok() &&
                                 !TryOpen(env, Opening::kPastDamagedTables).ok())) {
    return strict;
  }
  std::filesystem::create_directory(aside_);
  std::ofstream(aside_ + kSalvagedMark) << strict.ToString() << '\n';
  return rocksdb::Status::OK();
}

bool RocksDbStore::salvaged() const { return std::filesystem::exists(aside_ + kSalvagedMark); }

absl::StatusOr<std::string> RocksDbStore::KeepAside() {
  return std::filesystem::exists(aside_) ? NameAside(dir_, aside_, absl::Now())
                                         : absl::StatusOr<std::string>("");
}

void RocksDbStore::DropAside() { ForgetAside(aside_); }

absl::StatusOr<bool> RocksDbStore::IsDamaged(Column of) const {
  const FilesStay files_stay(*db_);
  RETURN_IF_ERROR(FromRocksDb(files_stay.status(), "cannot keep the table files"));
  rocksdb::ColumnFamilyMetaData files;
  db_->GetColumnFamilyMetaData(column(of), &files);
  rocksdb::Options options;
  options.env = db_->GetEnv();
  for (const auto& level : files.levels) {
    for (const auto& file : level.files) {
      rocksdb::SstFileReader reader(options);
      rocksdb::Status status = reader.Open(dir_ + file.name);
      if (status.ok()) {
        status = reader.VerifyChecksum();
      }
      if (status.IsCorruption()) {
        return true;
      }
      RETURN_IF_ERROR(FromRocksDb(status, "cannot read a table of incidents"));
    }
  }
  return false;
}

absl::StatusOr<std::string> RocksDbStore::MakeAnew(Column column) {
  const FilesStay files_stay(*db_);
  RETURN_IF_ERROR(FromRocksDb(files_stay.status(), "cannot keep the table files"));
  rocksdb::ColumnFamilyHandle*& handle = handles_[static_cast<size_t>(column)];
  const std::string name = handle->GetName();
  rocksdb::ColumnFamilyMetaData files;
  db_->GetColumnFamilyMetaData(handle, &files);
  const auto is_of_column = [&](std::string_view file) {
    return std::any_of(files.levels.begin(), files.levels.end(), [&](const auto& level) {
      return std::any_of(level.files.begin(), level.files.end(), [&](const auto& each) {
        return each.name == absl::StrCat("/", ToAbsl(file));
      });
    });
  };
  const std::string aside = dir_ + ".damaged-column";
  RETURN_IF_ERROR(SetAside(dir_, aside, is_of_column));
  ASSIGN_OR_RETURN(std::string kept, NameAside(dir_, aside, absl::Now()));
  const auto descriptors = Columns();
  RETURN_IF_ERROR(FromRocksDb(db_->DropColumnFamily(handle), "cannot drop a damaged column"));
  RETURN_IF_ERROR(
      FromRocksDb(db_->DestroyColumnFamilyHandle(handle), "cannot drop a damaged column"));
  handle = nullptr;
  RETURN_IF_ERROR(FromRocksDb(
      db_->CreateColumnFamily(descriptors[static_cast<size_t>(column)].options, name, &handle),
      "cannot make a column anew"));
  return kept;
}

rocksdb::Status RocksDbStore::Flush() {
  return db_->Flush(rocksdb::FlushOptions(), {handles_.begin(), handles_.end()});
}

uint64_t RocksDbStore::Unflushed() const {
  uint64_t bytes = 0;
  db_->GetAggregatedIntProperty(rocksdb::DB::Properties::kCurSizeAllMemTables, &bytes);
  return bytes;
}

uint64_t RocksDbStore::MostUnflushed() {
  return kBuffers * (kEventsBuffer + (kColumns - 1) * kSmallBuffer);
}

rocksdb::Status RocksDbStore::Resume() {
  const rocksdb::Status resumed = db_->Resume();
  return resumed.ok() ? Flush() : resumed;
}

RocksDbStore::~RocksDbStore() {
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    if (handle != nullptr) {
      db_->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
    }
  }
}

absl::StatusOr<std::optional<std::string>> RocksDbStore::Get(Column from, std::string_view key,
                                                             const rocksdb::Snapshot* as_of) const {
  std::string value;
  rocksdb::ReadOptions options;
  options.snapshot = as_of;
  const rocksdb::Status status = db_->Get(options, column(from), key, &value);
  if (status.IsNotFound()) {
    return std::optional<std::string>();
  }
  if (!status.ok()) {
    return FromRocksDb(status, "cannot read the log");
  }
  return std::optional<std::string>(std::move(value));
}

uint64_t RocksDbStore::Bytes(Column of) const {
  uint64_t files = 0;
  uint64_t memory = 0;
  db_->GetIntProperty(column(of), rocksdb::DB::Properties::kLiveSstFilesSize, &files);
  db_->GetIntProperty(column(of), rocksdb::DB::Properties::kCurSizeAllMemTables, &memory);
  return files + memory;
}

std::unique_ptr<rocksdb::Iterator> RocksDbStore::Iterate(Column over,
                                                         const rocksdb::Snapshot* as_of) const {
  rocksdb::ReadOptions options;
  options.snapshot = as_of;
  options.fill_cache = as_of == nullptr;  // a table that is read through would push all else out
  return std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(options, column(over)));
}

bool IsDamage(const rocksdb::Status& status) {
  return status.IsCorruption() || status.IsPathNotFound();
}

absl::Status FromRocksDb(const rocksdb::Status& status, std::string_view doing) {
  if (status.ok()) {
    return absl::OkStatus();
  }
  const std::string message = absl::StrCat(ToAbsl(doing), ": ", status.ToString());
  if (IsDamage(status)) {
    return absl::DataLossError(message);
  }
  if (status.IsNoSpace()) {
    return DiskFullError(message);
  }
  ErrorDetails details;
  details.retry_after = absl::Seconds(1);
  return MakeError(ErrorCode::kServiceUnavailable, message, details);
}

}  // namespace tocsin::hub
