// Trimming: find the place to keep from, write it down, then drop the files before it. The order
// matters: the new start of the range is synced before the first file goes, so that a crash in
// between leaves space to be reclaimed and never a hole.
#include <rocksdb/convenience.h>
#include <rocksdb/write_batch.h>

#include <algorithm>

#include "core/base/status_macros.h"
#include "hub/log/log_codec.h"
#include "hub/log/rocksdb_log.h"
#include "hub/log/rocksdb_store.h"

namespace tocsin::hub {

absl::Status RocksDbLog::Trim(const Retention& retention, absl::Time now) {
  RETURN_IF_ERROR(Writable());
  const Sequence place = PlaceToKeep(retention, now);
  const Sequence dedup_first = FirstDedupToKeep(now);
  const bool events = place + 1 > range().first;
  if (!events && dedup_first == dedup_first_) {
    return absl::OkStatus();
  }
  const LogMark base{.sequence = place, .bytes = BytesUpTo(place)};
  RETURN_IF_ERROR(WriteTrim(base, dedup_first));
  dedup_first_ = dedup_first;
  {
    MutexLock lock(mutex_);
    marks_.SetBase(base);
  }
  if (events) {
    DropFiles(place + 1);
  }
  return absl::OkStatus();
}

Sequence RocksDbLog::PlaceToKeep(const Retention& retention, absl::Time now) const {
  const Range held = range();
  Sequence place = held.first - 1;
  if (retention.max_events != 0 && held.last - place > retention.max_events) {
    place = held.last - retention.max_events;
  }
  if (retention.max_bytes != 0) {
    place = std::max(place, PlaceOfBytes(retention.max_bytes));
  }
  if (retention.max_age != absl::InfiniteDuration()) {
    place = std::max(place, PlaceAt(now - retention.max_age).value_or(place));
  }
  return place;
}

// The first place after which no more than `keep` bytes follow.
Sequence RocksDbLog::PlaceOfBytes(uint64_t keep) const {
  uint64_t drop = 0;
  LogMark mark;
  {
    MutexLock lock(mutex_);
    if (bytes_ - marks_.base().bytes <= keep) {
      return marks_.base().sequence;
    }
    drop = bytes_ - keep;
    mark = marks_.BelowBytes(drop);
  }
  ScanSizes(mark.sequence, [&](Sequence sequence, size_t size) {
    mark.sequence = sequence;
    mark.bytes += size;
    return mark.bytes < drop;
  });
  return mark.sequence;
}

uint64_t RocksDbLog::BytesUpTo(Sequence place) const {
  LogMark mark;
  {
    MutexLock lock(mutex_);
    mark = marks_.AtOrBefore(place);
    if (place == last_) {
      return bytes_;
    }
  }
  ScanSizes(mark.sequence, [&](Sequence sequence, size_t size) {
    mark.bytes += sequence <= place ? size : 0;
    return sequence < place;
  });
  return mark.bytes;
}

void RocksDbLog::ScanSizes(Sequence after,
                           const std::function<bool(Sequence, size_t)>& visit) const {
  const Sequence last = range().last;
  const auto iterator = store_->Iterate(Column::kEvents);
  for (iterator->Seek(SequenceKey(after + 1)); iterator->Valid(); iterator->Next()) {
    const auto sequence = ParseSequenceKey(iterator->key().ToStringView());
    if (!sequence.ok() || *sequence > last || !visit(*sequence, iterator->value().size())) {
      return;
    }
  }
}

// The dedup window has its own bounds; a record is dropped when its newest id is past one of them.
Sequence RocksDbLog::FirstDedupToKeep(absl::Time now) const {
  const Sequence last = range().last;
  const Sequence oldest_counted = last > limits::kDedupIds ? last - limits::kDedupIds : 0;
  Sequence keep = dedup_first_;
  const auto iterator = store_->Iterate(Column::kDedup);
  for (iterator->Seek(SequenceKey(dedup_first_)); iterator->Valid(); iterator->Next()) {
    const auto newest = DecodeNewestDedup(iterator->value().ToStringView());
    if (newest.ok() && newest->sequence > oldest_counted &&
        newest->time >= now - limits::kDedupWindow) {
      break;
    }
    keep = newest.ok() ? newest->sequence + 1 : keep;
  }
  return keep;
}

absl::Status RocksDbLog::WriteTrim(const LogMark& base, Sequence dedup_first) {
  rocksdb::WriteBatch write;
  const std::string begin = SequenceKey(0);
  const std::string end = SequenceKey(base.sequence + 1);
  std::string value;
  PutU64(value, base.sequence);
  PutU64(value, base.bytes);
  write.Put(store_->column(Column::kMeta), "base", value);
  if (base.sequence + 1 > range().first) {
    write.DeleteRange(store_->column(Column::kEvents), begin, end);
    write.DeleteRange(store_->column(Column::kMarks), begin, end);
  }
  if (dedup_first != dedup_first_) {
    write.DeleteRange(store_->column(Column::kDedup), begin, SequenceKey(dedup_first));
  }
  rocksdb::WriteOptions options;
  options.sync = true;
  const rocksdb::Status status = store_->db().Write(options, &write);
  return status.ok() ? absl::OkStatus() : Fail(status, "trimmed");
}

void RocksDbLog::DropFiles(Sequence first) {
  const std::string begin = SequenceKey(0);
  const std::string end = SequenceKey(first);
  const rocksdb::Slice from(begin);
  const rocksdb::Slice to(end);
  const rocksdb::RangePtr range(&from, &to);
  // When it fails the range tombstone still hides the events, and compaction frees their space
  // later.
  rocksdb::DeleteFilesInRanges(&store_->db(), store_->column(Column::kEvents), &range, 1,
                               /*include_end=*/false)
      .PermitUncheckedError();
}

}  // namespace tocsin::hub
