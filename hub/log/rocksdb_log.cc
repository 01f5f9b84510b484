// Appending and reading. Opening is in rocksdb_log_open.cc, trimming in rocksdb_log_trim.cc.
#include "hub/log/rocksdb_log.h"

#include <rocksdb/write_batch.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/stored_record.h"
#include "hub/log/incident_links.h"
#include "hub/log/log_codec.h"
#include "hub/log/log_extent.h"
#include "hub/log/rocksdb_alerts.h"
#include "hub/log/rocksdb_history.h"
#include "hub/log/rocksdb_incident_snapshot.h"
#include "hub/log/rocksdb_incidents.h"
#include "hub/log/rocksdb_store.h"
#include "hub/log/rocksdb_timelines.h"

namespace tocsin::hub {
namespace {

absl::Status Unreadable(Sequence sequence, std::string_view why) {
  return absl::DataLossError(
      absl::StrCat("the log is damaged at sequence ", sequence, ": ", ToAbsl(why)));
}

// The bytes of the event that the iterator should be at; they are good until it moves.
absl::StatusOr<std::string_view> BytesAt(const rocksdb::Iterator& iterator, Sequence sequence) {
  if (!iterator.Valid()) {
    const rocksdb::Status status = iterator.status();
    if (!status.ok() && !IsDamage(status)) {
      return FromRocksDb(status, "cannot read the log");  // the event may well be there
    }
    return Unreadable(sequence, status.ok() ? "the event is missing" : status.ToString());
  }
  if (iterator.key() != rocksdb::Slice(SequenceKey(sequence))) {
    return Unreadable(sequence, "the event is missing");
  }
  return std::string_view(iterator.value().data(), iterator.value().size());
}

absl::StatusOr<EventPtr> RecordOf(std::string_view value, Sequence sequence,
                                  RocksDbLog::MakeRecord make) {
  const bool has_head = TakeEventHead(value).ok();
  absl::StatusOr<EventPtr> event = make(value);
  if (!has_head || !event.ok() || (*event != nullptr && (*event)->cursor.sequence != sequence)) {
    return Unreadable(sequence, "the event cannot be decoded");
  }
  return event;
}

}  // namespace

absl::Status RocksDbLog::Append(CommitPtr batch) {
  if (batch->events.empty()) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(Writable());
  rocksdb::WriteBatch write;
  uint64_t bytes = 0;
  RETURN_IF_ERROR(FillBatch(*batch, write, bytes));
  // Once in the write-ahead log, and once in a table file.
  RETURN_IF_ERROR(CheckSpace(2 * write.GetDataSize()));
  const Sequence last = batch->events.back()->cursor.sequence;
  if (Planted("shown-before-kept")) return Announce(std::move(batch)), Commit(write, last, bytes);
  RETURN_IF_ERROR(Commit(write, last, bytes));
  Announce(std::move(batch));
  return absl::OkStatus();
}

absl::Status RocksDbLog::Commit(rocksdb::WriteBatch& write, Sequence last, uint64_t bytes) {
  rocksdb::WriteOptions options;
  options.sync = options_.durability == Durability::kAlways && !Planted("acknowledged-before-sync");
  MutexLock commit(commit_mutex_);
  if (const rocksdb::Status status = store_->db().Write(options, &write); !status.ok()) {
    return Fail(status, "written");
  }
  MutexLock lock(mutex_);
  last_ = last;
  bytes_ = bytes;
  return absl::OkStatus();
}

absl::Status RocksDbLog::FillBatch(const LogBatch& batch, rocksdb::WriteBatch& write,
                                   uint64_t& bytes) const {
  {
    MutexLock lock(mutex_);
    RETURN_IF_ERROR(CheckBatch(batch, last_));
    bytes = bytes_;
  }
  const std::vector<Sequence> links = IncidentLinks(batch);
  for (size_t i = 0; i < batch.events.size(); ++i) {
    const EventPtr& event = batch.events[i];
    const std::string key = SequenceKey(event->cursor.sequence);
    bytes += event->payload.size();
    const std::string head = EncodeEventHead({bytes, event->time, links[i]});
    const rocksdb::Slice key_parts[] = {key};
    const rocksdb::Slice value_parts[] = {head, event->payload};
    write.Put(store_->column(Column::kEvents), {key_parts, 1}, {value_parts, 2});
  }
  ASSIGN_OR_RETURN(const std::string dedup, EncodeDedup(batch.dedup));
  write.Put(store_->column(Column::kDedup), SequenceKey(batch.events.front()->cursor.sequence),
            dedup);
  if (!Planted("incidents-not-with-events")) RocksDbIncidents(*store_).Put(batch, write);
  RocksDbAlerts(*store_).Put(batch, write);
  return absl::OkStatus();
}

absl::Status RocksDbLog::Sync() {
  RETURN_IF_ERROR(Writable());
  if (options_.durability == Durability::kAlways) {
    return absl::OkStatus();
  }
  if (Planted("no-sync")) return absl::OkStatus();
  const Sequence last = range().last;
  if (const rocksdb::Status status = store_->db().SyncWAL(); !status.ok()) {
    return Fail(status, "synced");
  }
  MutexLock lock(mutex_);
  synced_ = last;
  return absl::OkStatus();
}

absl::Status RocksDbLog::WriteMark(bool sync) {
  DurableMark mark{.epoch = epochs_.present()};
  {
    MutexLock lock(mutex_);
    mark.last = options_.durability == Durability::kAlways ? last_ : synced_;
  }
  if (mark_ == mark) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(WriteDurableMark(MarkPath(), mark, sync));
  mark_ = mark;
  return absl::OkStatus();
}

absl::Status RocksDbLog::Close() {
  RETURN_IF_ERROR(Resume());
  RETURN_IF_ERROR(Writable());
  const LogRun run{options_.durability, /*clean=*/true};
  rocksdb::WriteOptions options;
  options.sync = true;  // and with it all that was written before
  rocksdb::Status status =
      store_->db().Put(options, store_->column(Column::kMeta), "run", EncodeRun(run));
  if (status.ok()) {
    status = store_->Flush();
  }
  if (!status.ok()) {
    return Fail(status, "closed");
  }
  {
    MutexLock lock(mutex_);
    synced_ = last_;
  }
  RETURN_IF_ERROR(WriteMark(/*sync=*/true));
  ErrorDetails details;
  details.retry_after = absl::Seconds(1);
  MutexLock lock(mutex_);
  failure_ =
      MakeError(ErrorCode::kServiceUnavailable, "the log is closed: the hub is stopping", details);
  return absl::OkStatus();
}

absl::Status RocksDbLog::Writable() const {
  MutexLock lock(mutex_);
  return failure_;
}

// What is in memory is asked for only where it may matter.
absl::Status RocksDbLog::CheckSpace(uint64_t bytes) const {
  const uint64_t wanted = options_.free_space_reserve + bytes;
  if (CheckFreeSpace(options_.free_space, options_.dir, wanted + store_->MostUnflushed()).ok()) {
    return absl::OkStatus();
  }
  return CheckFreeSpace(options_.free_space, options_.dir, wanted + store_->Unflushed());
}

absl::Status RocksDbLog::Resume() {
  {
    MutexLock lock(mutex_);
    if (!full_) {
      return absl::OkStatus();
    }
  }
  RETURN_IF_ERROR(CheckSpace(0));
  if (const rocksdb::Status status = store_->Resume(); !status.ok()) {
    return Fail(status, "taken up again");
  }
  MutexLock lock(mutex_);
  full_ = false;
  failure_ = absl::OkStatus();
  return absl::OkStatus();
}

// After a failed sync the pages may be gone, but Resume does not rely on them.
absl::Status RocksDbLog::Fail(const rocksdb::Status& status, std::string_view doing) {
  ErrorDetails details;
  details.retry_after = absl::Seconds(5);
  const std::string what =
      absl::StrCat("the log could not be ", ToAbsl(doing), " (", status.ToString(), ")");
  MutexLock lock(mutex_);
  if (!failure_.ok() && !full_) {
    return failure_;  // for good: a sync that ends later, for want of room, does not take it back
  }
  full_ = status.IsNoSpace();
  failure_ = full_ ? DiskFullError(what)
                   : MakeError(ErrorCode::kServiceUnavailable,
                               absl::StrCat(what,
                                            ": publishing has stopped, reading goes on; look after "
                                            "the disk, then restart the hub"),
                               details);
  return failure_;
}

RocksDbLog::Range RocksDbLog::range() const {
  MutexLock lock(mutex_);
  return {base_.sequence + 1, last_};
}

LogBase RocksDbLog::base() const {
  MutexLock lock(mutex_);
  return base_;
}

LogExtent RocksDbLog::extent() const {
  MutexLock lock(mutex_);
  return MakeExtent(epochs_, base_.sequence + 1, last_, bytes_ - base_.bytes);
}

absl::StatusOr<std::vector<EventPtr>> RocksDbLog::Read(Sequence after, size_t max_events,
                                                       size_t max_bytes) const {
  ASSIGN_OR_RETURN(LogMatches read, Walk(after, max_events, max_bytes, [](std::string_view bytes) {
                     return MakeStoredRecord(std::string(bytes));
                   }));
  return std::move(read.events);
}

absl::StatusOr<LogMatches> RocksDbLog::ReadMatching(Sequence after, size_t max_events,
                                                    size_t max_bytes, const Filter& filter) const {
  return Walk(after, max_events, max_bytes,
              [&](std::string_view bytes) { return MakeStoredRecordIf(filter, bytes); });
}

absl::StatusOr<LogMatches> RocksDbLog::Walk(Sequence after, size_t max_events, size_t max_bytes,
                                            MakeRecord make) const {
  const Range held = range();
  if (after + 1 < held.first) {
    return ExpiredError(after, extent());
  }
  LogMatches read{.events = {}, .looked_at = after};
  if (after >= held.last) {
    return read;
  }
  size_t bytes = 0;
  const Sequence last = std::min<Sequence>(held.last, after + max_events);
  const auto iterator = store_->Iterate(Column::kEvents);
  iterator->Seek(SequenceKey(after + 1));
  for (Sequence next = after + 1; next <= last; ++next, iterator->Next()) {
    const absl::StatusOr<std::string_view> at = BytesAt(*iterator, next);
    absl::StatusOr<EventPtr> event = at.ok() ? RecordOf(*at, next, make) : at.status();
    if (!event.ok() && next == after + 1) {
      // Trimmed while we looked: gone, not damaged.
      return after + 1 < range().first ? ExpiredError(after, extent()) : event.status();
    }
    if (!event.ok() || (next > after + 1 && bytes + at->size() > max_bytes)) {
      break;
    }
    bytes += at->size();
    read.looked_at = next;
    if (*event != nullptr) {
      read.events.push_back(*std::move(event));
    }
  }
  return read;
}

absl::StatusOr<EventHead> RocksDbLog::HeadOf(Sequence sequence) const {
  rocksdb::PinnableSlice value;
  const rocksdb::Status status = store_->db().Get(
      rocksdb::ReadOptions(), store_->column(Column::kEvents), SequenceKey(sequence), &value);
  if (status.IsNotFound()) {
    return Unreadable(sequence, "the event is missing");
  }
  RETURN_IF_ERROR(FromRocksDb(status, "cannot read the log"));
  std::string_view bytes(value.data(), value.size());
  return TakeEventHead(bytes);
}

absl::StatusOr<Sequence> RocksDbLog::PreviousOfIncident(Sequence sequence) const {
  ASSIGN_OR_RETURN(const EventHead head, HeadOf(sequence));
  return head.previous >= range().first ? head.previous : 0;
}

uint64_t RocksDbLog::incident_bytes() const {
  uint64_t bytes = 0;
  for (const Column column :
       {Column::kIncidents, Column::kHistory, Column::kOver, Column::kAlerts}) {
    bytes += store_->Bytes(column);
  }
  return bytes;
}

absl::StatusOr<Sequence> RocksDbLog::FirstWhere(
    absl::FunctionRef<bool(const EventHead&)> holds) const {
  const Range held = range();
  Sequence low = held.first;
  Sequence high = held.last + 1;
  while (low < high) {
    const Sequence middle = low + (high - low) / 2;
    Sequence probe = middle;
    absl::StatusOr<EventHead> head = HeadOf(probe);
    while (absl::IsDataLoss(head.status()) && ++probe < high) {
      head = HeadOf(probe);
    }
    if (!head.ok() && !absl::IsDataLoss(head.status())) {
      return head.status();
    }
    if (!head.ok() || holds(*head)) {
      high = middle;
    } else {
      low = probe + 1;
    }
  }
  return low;
}

// Whoever reads from a place before damage is told of it.
absl::StatusOr<Sequence> RocksDbLog::PlaceAt(absl::Time time) const {
  ASSIGN_OR_RETURN(const Sequence first,
                   FirstWhere([&](const EventHead& head) { return head.time >= time; }));
  return std::max(first, range().first) - 1 + Planted("time-start-one-late");
}

absl::StatusOr<IncidentPtr> RocksDbLog::GetIncident(std::string_view id) const {
  return RocksDbIncidents(*store_).Get(id);
}

absl::StatusOr<v1::Incident> RocksDbLog::ReadHistory(std::string_view id) const {
  return RocksDbHistory(*store_).Read(id);
}

absl::Status RocksDbLog::ScanIncidents(
    absl::FunctionRef<bool(const StoredIncident& incident)> look) const {
  return RocksDbIncidents(*store_).Scan(look);
}

absl::StatusOr<std::unique_ptr<IncidentSnapshot>> RocksDbLog::SnapshotIncidents(
    FilterPtr filter) const {
  MutexLock commit(commit_mutex_);
  return std::make_unique<RocksDbIncidentSnapshot>(*store_, epochs_.PlaceAfter(range().last),
                                                   std::move(filter));
}

absl::StatusOr<std::string> RocksDbLog::IncidentOfFingerprint(std::string_view fingerprint) const {
  return RocksDbAlerts(*store_).IncidentOf(fingerprint);
}

absl::StatusOr<std::optional<AlertRow>> RocksDbLog::GetAlert(std::string_view incident,
                                                             std::string_view fingerprint) const {
  return RocksDbAlerts(*store_).Get(incident, fingerprint);
}

absl::StatusOr<std::vector<AlertRow>> RocksDbLog::ReadAlerts(std::string_view incident) const {
  return RocksDbAlerts(*store_).Of(incident);
}

absl::StatusOr<std::vector<OpenAlert>> RocksDbLog::ReadOpenAlerts() const {
  return RocksDbAlerts(*store_).Open();
}

absl::StatusOr<std::vector<DedupEntry>> RocksDbLog::ReadDedup() const {
  std::vector<DedupEntry> entries;
  const auto iterator = store_->Iterate(Column::kDedup);
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    RETURN_IF_ERROR(DecodeDedup(iterator->value().ToStringView(), entries));
  }
  RETURN_IF_ERROR(FromRocksDb(iterator->status(), "cannot read the dedup window"));
  return entries;
}

}  // namespace tocsin::hub
