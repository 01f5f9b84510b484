#include "hub/log/rocksdb_timelines.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "core/base/status_macros.h"
#include "core/event/wire.h"
#include "hub/log/log_codec.h"
#include "hub/log/rocksdb_incidents.h"

namespace tocsin::hub {
namespace {

// What the row before says, if there is one.
struct Newest {
  Sequence sequence = 0;
  uint64_t total = 0;
};

Sequence SequenceOfRow(const rocksdb::Iterator& rows) {
  const std::string_view key = rows.key().ToStringView();
  return ParseSequenceKey(key.substr(key.size() - 8)).value_or(0);
}

// A row that is damaged counts for nothing; whoever reads the timeline is told.
Newest NewestRow(const std::string& incident, rocksdb::Iterator& rows) {
  rows.SeekForPrev(HistoryKey(incident, HistoryKind::kTimeline, UINT64_MAX));
  if (!rows.Valid() ||
      !rows.key().starts_with(HistoryKeyPrefix(incident, HistoryKind::kTimeline))) {
    return {};
  }
  return {SequenceOfRow(rows), DecodeTimelineTotal(rows.value().ToStringView()).value_or(0)};
}

}  // namespace

void RocksDbTimelines::Begin(Sequence place) {
  MutexLock lock(mutex_);
  kept_ = place;
}

Sequence RocksDbTimelines::kept() const {
  MutexLock lock(mutex_);
  return kept_;
}

absl::Status RocksDbTimelines::Keep(Sequence place, Write write) {
  for (Sequence after = kept(); after < place;) {
    Gathered gathered;
    ASSIGN_OR_RETURN(after, Gather(after, place, gathered));
    for (auto next = gathered.cbegin(); next != gathered.cend();) {
      RETURN_IF_ERROR(WritePart(gathered, next, write));
    }
    MutexLock lock(mutex_);
    kept_ = std::max(kept_, after);
  }
  return absl::OkStatus();
}

absl::StatusOr<Sequence> RocksDbTimelines::Gather(Sequence after, Sequence place,
                                                  Gathered& gathered) const {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> events(
      store_.db().NewIterator(options, store_.column(Column::kEvents)));
  size_t bytes = 0;
  Sequence at = after + 1;
  for (; at <= place && bytes < kGatheredBytes; ++at) {
    const std::string key = SequenceKey(at);
    if (!events->Valid() || events->key() != rocksdb::Slice(key)) {
      events->Seek(key);
    }
    if (!events->Valid() || events->key() != rocksdb::Slice(key)) {
      const absl::Status status = FromRocksDb(events->status(), "cannot read the log");
      if (!status.ok() && !absl::IsDataLoss(status)) {
        return status;
      }
      continue;
    }
    std::string_view value = events->value().ToStringView();
    const absl::StatusOr<EventHead> head = TakeEventHead(value);
    if (head.ok() && UnwrapEventField(value).ok() && !IncidentBytesOf(value).empty()) {
      if (const absl::StatusOr<v1::Event> event = DecodeEventField(value); event.ok()) {
        Entries& entries = gathered[event->incident().id()];
        entries.whole = entries.whole && (!entries.newest.empty() || head->previous == 0);
        bytes += entries.newest.emplace_back(EntryOf(*event)).bytes.size();
      }
    }
    events->Next();
  }
  return at - 1;
}

absl::Status RocksDbTimelines::WritePart(const Gathered& gathered, Gathered::const_iterator& next,
                                         Write write) {
  rocksdb::WriteBatch part;
  MutexLock lock(mutex_);
  const auto rows = store_.Iterate(Column::kHistory);
  for (; next != gathered.cend() && part.GetDataSize() < kPartBytes; ++next) {
    RETURN_IF_ERROR(AddRow(next->first, next->second, *rows, part));
  }
  return part.Count() == 0 ? absl::OkStatus() : write(part);
}

absl::Status RocksDbTimelines::AddRow(const std::string& incident, const Entries& entries,
                                      rocksdb::Iterator& rows, rocksdb::WriteBatch& write) const {
  ASSIGN_OR_RETURN(const std::optional<HistoryExtent> extent,
                   RocksDbIncidents(store_).ExtentOf(incident));
  if (!extent) {
    return absl::OkStatus();
  }
  const Newest before = entries.whole ? Newest() : NewestRow(incident, rows);
  TimelineRow row{.total = before.sequence >= extent->timeline_since ? before.total : 0};
  for (const StoredEntry& entry : entries.newest) {
    if (entry.sequence >= extent->timeline_since && entry.sequence > before.sequence) {
      row.entries.push_back(entry);
    }
  }
  if (row.entries.empty()) {
    return absl::OkStatus();
  }
  row.total += row.entries.size();
  if (row.entries.size() > kHistoryRows) {
    row.entries.erase(row.entries.begin(), row.entries.end() - kHistoryRows);
  }
  write.Put(store_.column(Column::kHistory),
            HistoryKey(incident, HistoryKind::kTimeline, row.entries.back().sequence),
            EncodeTimelineRow(row));
  if (row.total > kHistoryRows ||
      (before.sequence != 0 && before.sequence < extent->timeline_since)) {
    DropOld(incident, extent->timeline_since, row.total, rows, write);
  }
  return absl::OkStatus();
}

// The oldest first, so that it looks at one more than it drops.
void RocksDbTimelines::DropOld(const std::string& incident, Sequence since, uint64_t total,
                               rocksdb::Iterator& rows, rocksdb::WriteBatch& write) const {
  const std::string prefix = HistoryKeyPrefix(incident, HistoryKind::kTimeline);
  for (rows.Seek(prefix); rows.Valid() && rows.key().starts_with(prefix); rows.Next()) {
    const auto upto = DecodeTimelineTotal(rows.value().ToStringView());
    if (SequenceOfRow(rows) >= since && upto.ok() && *upto + kHistoryRows > total) {
      return;
    }
    write.Delete(store_.column(Column::kHistory), rows.key());
  }
}

}  // namespace tocsin::hub
