// Trimming: find the place to keep from, write it down, then drop the files before it. The order
// matters: the timelines of the incidents are kept first, and the new start of the range is synced
// before the first file goes, so that a crash in between leaves space to be reclaimed and never a
// hole.
#include <rocksdb/convenience.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "hub/log/log_codec.h"
#include "hub/log/rocksdb_incidents.h"
#include "hub/log/rocksdb_log.h"
#include "hub/log/rocksdb_store.h"
#include "hub/log/rocksdb_timelines.h"

namespace tocsin::hub {
namespace {

// A range tombstone is cheap for many keys, but a log that is trimmed by a few events every few
// seconds would gather tens of thousands of them in a memtable, and each read sorts them anew: few
// keys are deleted one by one.
constexpr size_t kMostSingleKeys = 4'096;

// A full disk is what trimming frees, so it goes on below the log's reserve; but a write that
// fails for want of space would end all writing until there is room for all that is in memory. A
// trim writes less than 1 MiB between two looks at it.
constexpr uint64_t kTrimSpace = 8 * limits::kMiB;

// Events of one trim by age; the next one goes on. As many as make a trim due.
constexpr Sequence kMostLookedAt = 65'536;

void DropKeys(rocksdb::WriteBatch& write, rocksdb::ColumnFamilyHandle* column,
              const std::vector<Sequence>& keys) {
  if (keys.size() > kMostSingleKeys) {
    write.DeleteRange(column, SequenceKey(keys.front()), SequenceKey(keys.back() + 1));
    return;
  }
  for (const Sequence key : keys) {
    write.Delete(column, SequenceKey(key));
  }
}

// All from first to last; there is a key for each.
void DropSpan(rocksdb::WriteBatch& write, rocksdb::ColumnFamilyHandle* column, Sequence first,
              Sequence last) {
  if (last + 1 - first > kMostSingleKeys) {
    write.DeleteRange(column, SequenceKey(first), SequenceKey(last + 1));
    return;
  }
  for (Sequence key = first; key <= last; ++key) {
    write.Delete(column, SequenceKey(key));
  }
}

}  // namespace

absl::Status RocksDbLog::CheckWritable() const {
  RETURN_IF_ERROR(Writable());
  return CheckSpace(0);
}

absl::Status RocksDbLog::Trim(const Retention& retention, absl::Time now) {
  if (const absl::Status resumed = Resume(); !resumed.ok()) {
    return IsDiskFull(resumed) ? absl::OkStatus() : resumed;
  }
  RETURN_IF_ERROR(Writable());
  if (!CheckFreeSpace(options_.free_space, options_.dir, kTrimSpace).ok()) {
    return absl::OkStatus();
  }
  // Without it the next start only knows less.
  WriteMark(/*sync=*/false).IgnoreError();
  RETURN_IF_ERROR(DropOverIncidents(now - retention.max_over_age));
  ASSIGN_OR_RETURN(const Sequence place, PlaceToTrim(retention, now));
  const std::vector<Sequence> dedup = DedupToDrop(now);
  const bool events = place + 1 > range().first;
  if (!events && dedup.empty()) {
    return absl::OkStatus();
  }
  const LogBase base{.sequence = place, .bytes = BytesUpTo(place)};
  RETURN_IF_ERROR(WriteTrim(base, dedup));
  dedup_first_ = dedup.empty() ? dedup_first_ : dedup.back() + 1;
  {
    MutexLock lock(mutex_);
    base_ = base;
  }
  if (events) {
    DropFiles(place + 1);
  }
  return absl::OkStatus();
}

absl::Status RocksDbLog::PrepareTrim(const Retention& retention, absl::Time now) {
  if (const absl::Status writable = Writable(); !writable.ok()) {
    return IsDiskFull(writable) ? absl::OkStatus() : writable;  // Trim takes it up again
  }
  RETURN_IF_ERROR(KeepTimelines(PlaceToKeep(retention, now)));
  MutexLock lock(mutex_);
  prepared_ = std::max(prepared_.value_or(0), timelines_->kept());
  return absl::OkStatus();
}

// No further than timelines are kept.
absl::StatusOr<Sequence> RocksDbLog::PlaceToTrim(const Retention& retention, absl::Time now) {
  const Sequence place = PlaceToKeep(retention, now);
  if (Planted("timeline-lost-at-trim")) return place;
  std::optional<Sequence> prepared;
  {
    MutexLock lock(mutex_);
    prepared.swap(prepared_);
  }
  if (!prepared) {
    RETURN_IF_ERROR(KeepTimelines(place));
    prepared = timelines_->kept();
  }
  return std::min(place, *prepared);
}

absl::Status RocksDbLog::KeepTimelines(Sequence place) {
  const absl::Status status = timelines_->Keep(place, [this](rocksdb::WriteBatch& write) {
    RETURN_IF_ERROR(CheckFreeSpace(options_.free_space, options_.dir, kTrimSpace));
    const rocksdb::Status written = store_->db().Write({}, &write);
    return written.ok() ? absl::OkStatus() : Fail(written, "trimmed");
  });
  return IsDiskFull(status) ? absl::OkStatus() : status;
}

Sequence RocksDbLog::PlaceToKeep(const Retention& retention, absl::Time now) const {
  const Range held = range();
  Sequence place = held.first - 1;
  if (retention.max_events != 0 && held.last - place > retention.max_events) {
    place = held.last - retention.max_events + Planted("trim-one-too-many");
  }
  if (retention.max_bytes != 0) {
    place = std::max(place, PlaceOfBytes(retention.max_bytes));
  }
  if (retention.max_age != absl::InfiniteDuration()) {
    place = std::max(place, PlaceOfAge(now - retention.max_age, now));
  }
  return place;
}

// Where a wrong wall clock has dated events, the log is not in the order of their times. So it is
// looked at from the oldest event on, up to the first one that is young; one from the future may be
// of any age.
Sequence RocksDbLog::PlaceOfAge(absl::Time oldest, absl::Time now) const {
  const Sequence before = range().first - 1;
  Sequence place = before;
  const auto events = store_->Iterate(Column::kEvents);
  events->Seek(SequenceKey(before + 1));
  for (Sequence at = before + 1; events->Valid() && at <= before + kMostLookedAt; ++at) {
    std::string_view value = events->value().ToStringView();
    const absl::StatusOr<EventHead> head = TakeEventHead(value);
    if (head.ok() && head->time >= oldest && head->time <= now) {
      return place;
    }
    place = head.ok() && head->time < oldest ? at : place;
    events->Next();
  }
  if (place != before || events->status().ok()) {
    return place;
  }
  // Damaged at its beginning: as if all times were in order.
  return FirstWhere([&](const EventHead& head) {
           return head.time >= oldest;
         }).value_or(before + 1) -
         1;
}

// The first place after which no more than `keep` bytes follow.
Sequence RocksDbLog::PlaceOfBytes(uint64_t keep) const {
  const Sequence nothing = range().first - 1;
  uint64_t drop = 0;
  {
    MutexLock lock(mutex_);
    if (bytes_ - base_.bytes <= keep) {
      return nothing;
    }
    drop = bytes_ - keep;
  }
  return FirstWhere([&](const EventHead& head) { return head.total >= drop; }).value_or(nothing);
}

uint64_t RocksDbLog::BytesUpTo(Sequence place) const {
  const Range held = range();
  if (place < held.first) {
    return base().bytes;
  }
  // Past damage, the next one that can be read counts what is damaged as well.
  for (; place < held.last; ++place) {
    if (const auto head = HeadOf(place); head.ok()) {
      return head->total;
    }
  }
  MutexLock lock(mutex_);
  return bytes_;
}

// The dedup window has its own bounds; a record goes when its newest id is past one of them.
std::vector<Sequence> RocksDbLog::DedupToDrop(absl::Time now) const {
  const Sequence last = range().last;
  const Sequence oldest_counted = last > limits::kDedupIds ? last - limits::kDedupIds : 0;
  std::vector<Sequence> drop;
  const auto iterator = store_->Iterate(Column::kDedup);
  for (iterator->Seek(SequenceKey(dedup_first_)); iterator->Valid(); iterator->Next()) {
    const auto key = ParseSequenceKey(iterator->key().ToStringView());
    const auto newest = DecodeNewestDedup(iterator->value().ToStringView());
    if (!key.ok() || (newest.ok() && newest->sequence > oldest_counted &&
                      newest->time >= now - limits::kDedupWindow)) {
      break;
    }
    drop.push_back(*key);
  }
  return drop;
}

absl::Status RocksDbLog::WriteTrim(const LogBase& base, const std::vector<Sequence>& dedup) {
  rocksdb::WriteBatch write;
  write.Put(store_->column(Column::kMeta), "base", EncodeBase(base));
  DropSpan(write, store_->column(Column::kEvents), range().first, base.sequence);
  DropKeys(write, store_->column(Column::kDedup), dedup);
  rocksdb::WriteOptions options;
  options.sync = true;
  const rocksdb::Status status = store_->db().Write(options, &write);
  return status.ok() ? absl::OkStatus() : Fail(status, "trimmed");
}

// Without a sync: what a crash brings back goes again.
absl::Status RocksDbLog::DropOverIncidents(absl::Time time) {
  std::vector<std::string> dropped;
  {
    MutexLock lock(timelines_->mutex());
    rocksdb::WriteBatch write;
    ASSIGN_OR_RETURN(dropped, RocksDbIncidents(*store_).DropOver(time, write));
    if (write.Count() == 0) {
      return absl::OkStatus();
    }
    if (const rocksdb::Status status = store_->db().Write({}, &write); !status.ok()) {
      return Fail(status, "trimmed");
    }
  }
  AnnounceForgotten(std::move(dropped));
  return absl::OkStatus();
}

void RocksDbLog::DropFiles(Sequence first) {
  const std::string begin = SequenceKey(0);
  const std::string end = SequenceKey(first);
  const rocksdb::Slice from(begin);
  const rocksdb::Slice to(end);
  const rocksdb::RangePtr range(&from, &to);
  // When it fails the events are deleted all the same, and compaction frees their space
  // later.
  rocksdb::DeleteFilesInRanges(&store_->db(), store_->column(Column::kEvents), &range, 1,
                               /*include_end=*/false)
      .PermitUncheckedError();
}

}  // namespace tocsin::hub
