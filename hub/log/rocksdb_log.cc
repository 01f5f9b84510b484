// Appending and reading. Opening is in rocksdb_log_open.cc, trimming in rocksdb_log_trim.cc.
#include "hub/log/rocksdb_log.h"

#include <rocksdb/write_batch.h>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/stored_record.h"
#include "hub/log/log_codec.h"
#include "hub/log/log_extent.h"
#include "hub/log/loss_marker.h"
#include "hub/log/rocksdb_store.h"

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
    if (!status.ok() && !status.IsCorruption()) {
      return FromRocksDb(status, "cannot read the log");  // the event may well be there
    }
    return Unreadable(sequence, status.ok() ? "the event is missing" : status.ToString());
  }
  if (iterator.key() != rocksdb::Slice(SequenceKey(sequence))) {
    return Unreadable(sequence, "the event is missing");
  }
  return std::string_view(iterator.value().data(), iterator.value().size());
}

absl::StatusOr<EventPtr> RecordOf(std::string_view bytes, Sequence sequence,
                                  RocksDbLog::MakeRecord make) {
  absl::StatusOr<EventPtr> event = make(bytes);
  if (!event.ok() || (*event != nullptr && (*event)->cursor.sequence != sequence)) {
    return Unreadable(sequence, "the event cannot be decoded");
  }
  return event;
}

}  // namespace

absl::Status RocksDbLog::Append(const LogBatch& batch) {
  if (batch.events.empty()) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(Writable());
  RETURN_IF_ERROR(CheckFreeSpace(options_.free_space, options_.dir, options_.free_space_reserve));
  rocksdb::WriteBatch write;
  std::vector<LogMark> marks;
  uint64_t bytes = 0;
  RETURN_IF_ERROR(FillBatch(batch, write, marks, bytes));
  rocksdb::WriteOptions options;
  options.sync = options_.durability == Durability::kAlways;
  if (const rocksdb::Status status = store_->db().Write(options, &write); !status.ok()) {
    return Fail(status, "written");
  }
  MutexLock lock(mutex_);
  last_ = batch.events.back()->cursor.sequence;
  bytes_ = bytes;
  for (const LogMark& mark : marks) {
    marks_.Add(mark);
  }
  return absl::OkStatus();
}

absl::Status RocksDbLog::FillBatch(const LogBatch& batch, rocksdb::WriteBatch& write,
                                   std::vector<LogMark>& marks, uint64_t& bytes) const {
  LogMark previous;
  {
    MutexLock lock(mutex_);
    RETURN_IF_ERROR(CheckBatch(batch, last_));
    bytes = bytes_;
    previous = marks_.last();
  }
  for (const EventPtr& event : batch.events) {
    const std::string key = SequenceKey(event->cursor.sequence);
    write.Put(store_->column(Column::kEvents), key, event->payload);
    bytes += event->payload.size();
    if (LogMarks::IsDue(previous, event->cursor.sequence, bytes)) {
      previous = {event->cursor.sequence, bytes, event->time};
      marks.push_back(previous);
      write.Put(store_->column(Column::kMarks), key, EncodeMark(previous));
    }
  }
  ASSIGN_OR_RETURN(const std::string dedup, EncodeDedup(batch.dedup));
  write.Put(store_->column(Column::kDedup), SequenceKey(batch.events.front()->cursor.sequence),
            dedup);
  for (const IncidentPtr& incident : batch.incidents) {
    write.Put(store_->column(Column::kIncidents), incident->id, EncodeIncident(*incident));
  }
  return absl::OkStatus();
}

absl::Status RocksDbLog::Sync() {
  RETURN_IF_ERROR(Writable());
  if (options_.durability == Durability::kAlways) {
    return absl::OkStatus();
  }
  if (const rocksdb::Status status = store_->db().SyncWAL(); !status.ok()) {
    return Fail(status, "synced");
  }
  return absl::OkStatus();
}

absl::Status RocksDbLog::Close() {
  RETURN_IF_ERROR(Writable());
  const LogRun run{options_.durability, /*clean=*/true, options_.boot_id};
  rocksdb::WriteOptions options;
  options.sync = true;  // and with it all that was written before
  const rocksdb::Status status =
      store_->db().Put(options, store_->column(Column::kMeta), "run", EncodeRun(run));
  if (!status.ok()) {
    return Fail(status, "closed");
  }
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

absl::Status RocksDbLog::Fail(const rocksdb::Status& status, std::string_view doing) {
  if (options_.durability != Durability::kAlways) {
    // On a disk that takes not even this there is nothing left to tell the next start with.
    SetLossMarker(FailureMarker()).IgnoreError();
  }
  ErrorDetails details;
  details.retry_after = absl::Seconds(5);
  MutexLock lock(mutex_);
  failure_ = MakeError(
      ErrorCode::kServiceUnavailable,
      absl::StrCat(
          "the log could not be ", ToAbsl(doing), " (", status.ToString(),
          "): publishing has stopped, reading goes on; look after the disk, then restart the hub"),
      details);
  return failure_;
}

RocksDbLog::Range RocksDbLog::range() const {
  MutexLock lock(mutex_);
  return {marks_.base().sequence + 1, last_};
}

LogExtent RocksDbLog::extent() const {
  MutexLock lock(mutex_);
  return MakeExtent(epochs_, marks_.base().sequence + 1, last_, bytes_ - marks_.base().bytes);
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

absl::StatusOr<Sequence> RocksDbLog::PlaceAt(absl::Time time) const {
  LogMark mark;
  {
    MutexLock lock(mutex_);
    mark = marks_.BeforeTime(time);
  }
  for (Sequence place = mark.sequence;;) {
    auto events = Read(place, kMarkEvents, limits::kMiB);
    if (absl::IsOutOfRange(events.status())) {
      place = range().first - 1;
      continue;
    }
    if (absl::IsDataLoss(events.status())) {
      return place;  // whoever reads from here is told of the damage
    }
    RETURN_IF_ERROR(events.status());
    for (const EventPtr& event : *events) {
      if (event->time >= time) {
        return place;
      }
      place = event->cursor.sequence;
    }
    if (events->empty()) {
      return place;
    }
  }
}

absl::StatusOr<IncidentPtr> RocksDbLog::GetIncident(std::string_view id) const {
  ASSIGN_OR_RETURN(const std::optional<std::string> value, store_->Get(Column::kIncidents, id));
  return value ? DecodeIncident(*value) : absl::StatusOr<IncidentPtr>(nullptr);
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
