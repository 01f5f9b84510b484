// What the log keeps beside the events, made anew from them. An event has its epoch, time, id and
// incident in its own bytes. What was published under an id cannot be told any more: within the
// dedup window, an id that comes again then counts as the same event.
#include <rocksdb/write_batch.h>

#include <algorithm>

#include "core/base/status_macros.h"
#include "core/event/stored_record.h"
#include "core/event/wire.h"
#include "hub/log/incident_remake.h"
#include "hub/log/log_codec.h"
#include "hub/log/rocksdb_log.h"
#include "hub/log/rocksdb_store.h"

namespace tocsin::hub {
namespace {

constexpr size_t kIdsInARecord = 1'000;
constexpr std::string_view kMetaRecord = "the log's record of its epochs and its beginning";

}  // namespace

absl::Status RocksDbLog::MakeAnew(Column column, std::string_view what) {
  ASSIGN_OR_RETURN(std::string aside, store_->MakeAnew(column));
  report_.remade.emplace_back(what);
  report_.aside.push_back(std::move(aside));
  return absl::OkStatus();
}

absl::Status RocksDbLog::RemakeMeta() {
  RETURN_IF_ERROR(MakeAnew(Column::kMeta, kMetaRecord));
  return LearnLives();
}

// A record that does not know the newest life leaves what else it has: it says what an earlier start
// was in the middle of.
absl::Status RocksDbLog::RemakeLives() {
  report_.remade.emplace_back(kMetaRecord);
  tables_are_behind_ = true;
  return LearnLives();
}

absl::Status RocksDbLog::LearnLives() {
  report_.end = LogEnd::kUnsynced;
  epochs_ = Epochs();
  std::optional<LogBase> base;
  const auto iterator = store_->Iterate(Column::kEvents);
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    std::string_view value = iterator->value().ToStringView();
    const auto head = TakeEventHead(value);
    const auto event = MakeStoredRecord(std::string(value));
    if (!head.ok() || !event.ok()) {
      continue;  // whoever reads it is told
    }
    const Cursor& cursor = (*event)->cursor;
    if (!base) {
      base = LogBase{cursor.sequence - 1, head->total - value.size()};
    }
    if (epochs_.empty() || epochs_.present() != cursor.epoch) {
      epochs_.Begin(cursor.epoch, /*earliest=*/0, cursor.sequence - 1);
    }
  }
  RETURN_IF_ERROR(FromRocksDb(iterator->status(), "cannot read the events"));
  MutexLock lock(mutex_);
  base_ = base.value_or(LogBase{});
  return absl::OkStatus();
}

absl::Status RocksDbLog::RemakeIncidents() {
  const Range held = range();
  using Tables = IncidentRemake::Tables;
  IncidentRemake remake(
      *store_, held.first, tables_are_behind_ ? Tables::kBehindTheEvents : Tables::kAsTheEvents,
      [this](Column column, std::string_view what) { return MakeAnew(column, what); });
  RETURN_IF_ERROR(remake.Run());
  report_.missing = remake.missing();
  return absl::OkStatus();
}

absl::Status RocksDbLog::RemakeDedup() {
  RETURN_IF_ERROR(MakeAnew(Column::kDedup, "the log's record of published ids"));
  const Range held = range();
  const auto newest = HeadOf(held.last);
  const absl::Time since = newest.ok() ? newest->time - limits::kDedupWindow : absl::InfinitePast();
  ASSIGN_OR_RETURN(Sequence next,
                   FirstWhere([&](const EventHead& head) { return head.time >= since; }));
  next = std::max(next, held.last > limits::kDedupIds ? held.last - limits::kDedupIds : 0);
  const auto iterator = store_->Iterate(Column::kEvents);
  iterator->Seek(SequenceKey(next));
  while (iterator->Valid()) {
    std::vector<DedupEntry> entries;
    for (; iterator->Valid() && entries.size() < kIdsInARecord; iterator->Next()) {
      std::string_view value = iterator->value().ToStringView();
      const auto head = TakeEventHead(value);
      const auto event = DecodeEventField(value);
      if (head.ok() && event.ok()) {
        entries.push_back({event->id(), kUnknownContent, event->sequence(), head->time,
                           std::string(DedupIncidentOf(*event))});
      }
    }
    if (!entries.empty()) {
      ASSIGN_OR_RETURN(const std::string ids, EncodeDedup(entries));
      RETURN_IF_ERROR(FromRocksDb(store_->db().Put({}, store_->column(Column::kDedup),
                                                   SequenceKey(entries.front().sequence), ids),
                                  "cannot write the published ids"));
    }
  }
  return FromRocksDb(iterator->status(), "cannot read the events");
}

}  // namespace tocsin::hub
