// Opening: what the last run left is read back without a scan of the events: the base and the
// epochs from `meta`, the end from the last event.
#include <rocksdb/write_batch.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/event/stored_record.h"
#include "hub/log/log_codec.h"
#include "hub/log/rocksdb_log.h"
#include "hub/log/rocksdb_store.h"
#include "hub/log/rocksdb_timelines.h"
#include "hub/log/set_aside.h"

namespace tocsin::hub {
namespace {

constexpr std::string_view kFormat = "4";

}  // namespace

RocksDbLog::RocksDbLog(RocksDbOptions options) : options_(std::move(options)) {}

RocksDbLog::~RocksDbLog() = default;

absl::StatusOr<std::unique_ptr<RocksDbLog>> RocksDbLog::Open(RocksDbOptions options) {
  std::unique_ptr<RocksDbLog> log(new RocksDbLog(std::move(options)));
  ASSIGN_OR_RETURN(log->lock_, DataDirLock::Take(log->options_.dir));
  ASSIGN_OR_RETURN(log->store_, RocksDbStore::Open(log->LogDir(), log->options_.env));
  RETURN_IF_ERROR(log->Load());
  return log;
}

absl::Status RocksDbLog::Load() {
  absl::Status meta = LoadMeta();
  if (absl::IsDataLoss(meta)) {
    meta = RemakeMeta();
  }
  RETURN_IF_ERROR(meta);
  RETURN_IF_ERROR(LoadEnd());
  ASSIGN_OR_RETURN(const bool knows_newest, KnowsTheNewestLife());
  if (!knows_newest) {
    RETURN_IF_ERROR(RemakeLives());
    RETURN_IF_ERROR(LoadEnd());
  }
  timelines_ = std::make_unique<RocksDbTimelines>(*store_);
  timelines_->Begin(base().sequence);
  if (tables_are_behind_ || absl::IsDataLoss(CheckDedup())) {
    RETURN_IF_ERROR(RemakeDedup());
  }
  RETURN_IF_ERROR(RemakeIncidents());
  return BeginRun();
}

absl::Status RocksDbLog::LoadMeta() {
  ASSIGN_OR_RETURN(const std::optional<std::string> format, store_->Get(Column::kMeta, "format"));
  if (format && *format != kFormat) {
    return absl::FailedPreconditionError(
        absl::StrCat("the log in ", options_.dir, " has format ", *format,
                     "; this version of tocsin-hub reads format ", kFormat.data()));
  }
  ASSIGN_OR_RETURN(const std::optional<std::string> base, store_->Get(Column::kMeta, "base"));
  ASSIGN_OR_RETURN(const std::optional<std::string> epochs, store_->Get(Column::kMeta, "epochs"));
  ASSIGN_OR_RETURN(const std::optional<std::string> run, store_->Get(Column::kMeta, "run"));
  MutexLock lock(mutex_);
  if (base) {
    ASSIGN_OR_RETURN(base_, DecodeBase(*base));
  }
  if (epochs) {
    ASSIGN_OR_RETURN(epochs_, Epochs::Decode(*epochs));
  }
  if (run) {
    ASSIGN_OR_RETURN(const LogRun previous, DecodeRun(*run));
    const bool synced = previous.durability == Durability::kAlways;
    report_.end = previous.clean ? LogEnd::kClean : synced ? LogEnd::kUnclean : LogEnd::kUnsynced;
  }
  return absl::OkStatus();
}

absl::Status RocksDbLog::LoadEnd() {
  const Sequence before = range().first - 1;
  const auto iterator = store_->Iterate(Column::kEvents);
  iterator->SeekToLast();
  RETURN_IF_ERROR(FromRocksDb(iterator->status(), "cannot read the end of the log"));
  Sequence last = before;
  if (iterator->Valid()) {
    ASSIGN_OR_RETURN(const Sequence newest, ParseSequenceKey(iterator->key().ToStringView()));
    last = std::max(last, newest);
  }
  absl::StatusOr<EventHead> head = absl::DataLossError("");
  for (Sequence place = last; place > before && absl::IsDataLoss(head.status()); --place) {
    head = HeadOf(place);
  }
  MutexLock lock(mutex_);
  last_ = last;
  bytes_ = head.ok() ? head->total : base_.bytes;
  return absl::OkStatus();
}

// A life is recorded before its first event is written. Its record is gone where a write-ahead log
// was lost whose events, but not whose record, had reached table files; then what other tables got
// in that life may be gone, too.
absl::StatusOr<bool> RocksDbLog::KnowsTheNewestLife() const {
  const Range held = range();
  if (held.last < held.first) {
    return true;
  }
  ASSIGN_OR_RETURN(const std::optional<std::string> value,
                   store_->Get(Column::kEvents, SequenceKey(held.last)));
  std::string_view bytes = value ? std::string_view(*value) : "";
  const auto head = TakeEventHead(bytes);
  const auto event = MakeStoredRecord(std::string(bytes));
  return !head.ok() || !event.ok() ||
         (!epochs_.empty() && epochs_.PlaceAfter(held.last) == (*event)->cursor);
}

absl::Status RocksDbLog::CheckDedup() const {
  const auto iterator = store_->Iterate(Column::kDedup);
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    RETURN_IF_ERROR(DecodeNewestDedup(iterator->value().ToStringView()).status());
  }
  return FromRocksDb(iterator->status(), "cannot read the dedup window");
}

absl::Status RocksDbLog::BeginRun() {
  const Range held = range();
  report_.last = held.last;
  report_.known = ReadDurableMark(MarkPath());
  report_.life_is_missing =
      report_.known && !epochs_.Find(report_.known->epoch, held.last).has_value();
  report_.salvaged = store_->salvaged();
  const bool begins = epochs_.empty() || !Planted("start-begins-no-epoch");
  if (begins) epochs_.Begin(NewEpoch(), held.first - 1, held.last);
  rocksdb::WriteBatch write;
  write.Put(store_->column(Column::kMeta), "format", rocksdb::Slice(kFormat));
  write.Put(store_->column(Column::kMeta), "epochs", epochs_.Encode());
  write.Put(store_->column(Column::kMeta), "base", EncodeBase(base()));
  write.Put(store_->column(Column::kMeta), "run",
            EncodeRun({options_.durability, /*clean=*/false}));
  rocksdb::WriteOptions options;
  options.sync = true;
  RETURN_IF_ERROR(
      FromRocksDb(store_->db().Write(options, &write), "cannot begin a run of the log"));
  {
    MutexLock lock(mutex_);
    synced_ = last_;
  }
  RETURN_IF_ERROR(WriteMark(/*sync=*/true));
  return EndSalvage();
}

absl::Status RocksDbLog::EndSalvage() {
  if (!report_.lost()) {
    store_->DropAside();
  } else {
    ASSIGN_OR_RETURN(std::string aside, store_->KeepAside());
    if (!aside.empty()) {
      report_.aside.push_back(std::move(aside));
    }
  }
  report_.dropped =
      report_.aside.empty() ? std::vector<std::string>() : DropOldAside(LogDir(), report_.aside);
  return absl::OkStatus();
}

}  // namespace tocsin::hub
