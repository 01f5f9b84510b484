// Opening: what the last run left is read back without a scan of the events: the base and the
// epochs from `meta`, sizes and times from the marks, and the few events after the last mark.
#include <rocksdb/write_batch.h>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "hub/log/log_codec.h"
#include "hub/log/log_extent.h"
#include "hub/log/loss_marker.h"
#include "hub/log/rocksdb_log.h"
#include "hub/log/rocksdb_store.h"

namespace tocsin::hub {
namespace {

constexpr std::string_view kFormat = "1";

}  // namespace

std::string_view LogFoundText(LogFound found) {
  switch (found) {
    case LogFound::kNew:
      return "the log is new";
    case LogFound::kClean:
      return "the log was closed cleanly";
    case LogFound::kUnclean:
      return "the log was not closed cleanly; nothing was lost";
    case LogFound::kMayHaveLost:
      return "the log was not closed cleanly and its last events may be lost";
    case LogFound::kSalvaged:
      return "the end of the log was damaged and is lost";
  }
  return "";
}

RocksDbLog::RocksDbLog(RocksDbOptions options) : options_(std::move(options)) {}

RocksDbLog::~RocksDbLog() = default;

absl::StatusOr<std::unique_ptr<RocksDbLog>> RocksDbLog::Open(RocksDbOptions options) {
  std::unique_ptr<RocksDbLog> log(new RocksDbLog(std::move(options)));
  ASSIGN_OR_RETURN(log->lock_, DataDirLock::Take(log->options_.dir));
  ASSIGN_OR_RETURN(log->store_, RocksDbStore::Open(log->options_.dir + "/log", log->options_.env));
  RETURN_IF_ERROR(log->Load());
  return log;
}

absl::Status RocksDbLog::Load() {
  RETURN_IF_ERROR(CheckFormat());
  RETURN_IF_ERROR(LoadRange());
  RETURN_IF_ERROR(LoadMarks());
  RETURN_IF_ERROR(LoadTail());
  return BeginRun();
}

absl::Status RocksDbLog::CheckFormat() {
  ASSIGN_OR_RETURN(const std::optional<std::string> format, store_->Get(Column::kMeta, "format"));
  if (format && *format != kFormat) {
    return absl::FailedPreconditionError(
        absl::StrCat("the log in ", options_.dir, " has format ", *format,
                     "; this version of tocsin-hub reads format ", kFormat.data()));
  }
  return absl::OkStatus();
}

absl::Status RocksDbLog::LoadRange() {
  ASSIGN_OR_RETURN(const std::optional<std::string> value, store_->Get(Column::kMeta, "base"));
  LogMark base;
  if (value) {
    std::string_view rest = *value;
    if (!TakeU64(rest, base.sequence) || !TakeU64(rest, base.bytes)) {
      return absl::DataLossError("the log's own record of its first event cannot be read");
    }
  }
  const auto iterator = store_->Iterate(Column::kEvents);
  iterator->SeekToLast();
  RETURN_IF_ERROR(FromRocksDb(iterator->status(), "cannot read the end of the log"));
  Sequence last = base.sequence;
  if (iterator->Valid()) {
    ASSIGN_OR_RETURN(const Sequence newest, ParseSequenceKey(iterator->key().ToStringView()));
    last = std::max(last, newest);
  }
  MutexLock lock(mutex_);
  marks_.SetBase(base);
  last_ = last;
  bytes_ = base.bytes;
  return absl::OkStatus();
}

absl::Status RocksDbLog::LoadMarks() {
  const Range held = range();
  const auto iterator = store_->Iterate(Column::kMarks);
  MutexLock lock(mutex_);
  for (iterator->Seek(SequenceKey(held.first)); iterator->Valid(); iterator->Next()) {
    ASSIGN_OR_RETURN(const Sequence sequence, ParseSequenceKey(iterator->key().ToStringView()));
    ASSIGN_OR_RETURN(const LogMark mark, DecodeMark(sequence, iterator->value().ToStringView()));
    marks_.Add(mark);
    bytes_ = mark.bytes;
  }
  return FromRocksDb(iterator->status(), "cannot read the log's marks");
}

absl::Status RocksDbLog::LoadTail() {
  Sequence after = 0;
  {
    MutexLock lock(mutex_);
    after = marks_.last().sequence;
  }
  uint64_t bytes = 0;
  ScanSizes(after, [&](Sequence, size_t size) {
    bytes += size;
    return true;
  });
  MutexLock lock(mutex_);
  bytes_ += bytes;
  return absl::OkStatus();
}

absl::Status RocksDbLog::BeginRun() {
  const Range held = range();
  ASSIGN_OR_RETURN(const std::optional<std::string> epochs, store_->Get(Column::kMeta, "epochs"));
  ASSIGN_OR_RETURN(const std::optional<std::string> value, store_->Get(Column::kMeta, "run"));
  if (epochs && value) {
    ASSIGN_OR_RETURN(epochs_, Epochs::Decode(*epochs));
    ASSIGN_OR_RETURN(const LogRun previous, DecodeRun(*value));
    found_ = previous.clean ? LogFound::kClean : LogFound::kUnclean;
    const bool lost = MayHaveLost(previous, options_.boot_id) || HasLossMarker(FailureMarker());
    found_ = lost ? LogFound::kMayHaveLost : found_;
  }
  found_ = store_->salvaged() ? LogFound::kSalvaged : found_;
  epochs_.Begin(NewEpoch(), held.first - 1, held.last);
  rocksdb::WriteBatch write;
  write.Put(store_->column(Column::kMeta), "format", rocksdb::Slice(kFormat));
  write.Put(store_->column(Column::kMeta), "epochs", epochs_.Encode());
  write.Put(store_->column(Column::kMeta), "run",
            EncodeRun({options_.durability, /*clean=*/false, options_.boot_id}));
  rocksdb::WriteOptions options;
  options.sync = true;
  RETURN_IF_ERROR(
      FromRocksDb(store_->db().Write(options, &write), "cannot begin a run of the log"));
  RETURN_IF_ERROR(ClearLossMarker(FailureMarker()));
  return store_->ForgetSalvage();
}

}  // namespace tocsin::hub
