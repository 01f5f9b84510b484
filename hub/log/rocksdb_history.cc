#include "hub/log/rocksdb_history.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "hub/log/log_codec.h"
#include "hub/log/rocksdb_incidents.h"
#include "hub/log/timeline_reading.h"

namespace tocsin::hub {
namespace {

absl::Status Unreadable(std::string_view id) {
  return absl::DataLossError(
      absl::StrCat("the history of incident ", ToAbsl(id), " cannot be read"));
}

// The columns as they stand together at one moment.
class View {
 public:
  static absl::StatusOr<View> Of(const RocksDbStore& store) {
    std::vector<rocksdb::Iterator*> made;
    RETURN_IF_ERROR(FromRocksDb(
        store.db().NewIterators({},
                                {store.column(Column::kMeta), store.column(Column::kIncidents),
                                 store.column(Column::kEvents), store.column(Column::kHistory)},
                                &made),
        "cannot read the log"));
    View view;
    for (size_t i = 0; i < made.size(); ++i) {
      view.columns_[i].reset(made[i]);
    }
    return view;
  }

  rocksdb::Iterator& events() { return *columns_[2]; }
  rocksdb::Iterator& history() { return *columns_[3]; }

  absl::StatusOr<LogBase> Base() {
    ASSIGN_OR_RETURN(const auto value, Find(*columns_[0], "base"));
    return value ? DecodeBase(*value) : LogBase();
  }
  // Good until the next call.
  absl::StatusOr<std::optional<StoredIncident>> Incident(std::string_view id) {
    for (const char kind : {kActiveIncident, kOverIncident}) {
      ASSIGN_OR_RETURN(const auto value, Find(*columns_[1], IncidentTableKey(kind, id)));
      if (value) {
        ASSIGN_OR_RETURN(const StoredIncident incident, DecodeStoredIncident(*value));
        return std::optional(incident);
      }
    }
    return std::optional<StoredIncident>();
  }

  static absl::StatusOr<std::optional<std::string_view>> Find(rocksdb::Iterator& column,
                                                              std::string_view key) {
    column.Seek(rocksdb::Slice(key));
    if (!column.Valid() || column.key() != rocksdb::Slice(key)) {
      RETURN_IF_ERROR(FromRocksDb(column.status(), "cannot read the log"));
      return std::optional<std::string_view>();
    }
    return std::optional(column.value().ToStringView());
  }

 private:
  View() = default;

  std::array<std::unique_ptr<rocksdb::Iterator>, 4> columns_;
};

absl::Status ReadEvents(View& view, Sequence newest, TimelineReading& timeline) {
  ASSIGN_OR_RETURN(const LogBase base, view.Base());
  for (Sequence at = newest; at > base.sequence && timeline.wants(at);) {
    const auto found = View::Find(view.events(), SequenceKey(at));
    if (!found.ok() && !absl::IsDataLoss(found.status())) {
      return found.status();
    }
    std::string_view value = found.ok() ? found->value_or("") : "";
    const absl::StatusOr<EventHead> head = TakeEventHead(value);
    if (!head.ok() || head->previous >= at || !timeline.AddEvent(at, value)) {
      timeline.AddUnreadable(at);
      return absl::OkStatus();
    }
    at = head->previous;
  }
  return absl::OkStatus();
}

absl::Status ReadRows(View& view, std::string_view id, TimelineReading& timeline) {
  rocksdb::Iterator& rows = view.history();
  const std::string first = HistoryKey(id, HistoryKind::kTimeline, 0);
  for (rows.SeekForPrev(HistoryKey(id, HistoryKind::kTimeline, UINT64_MAX));
       !timeline.full() && rows.Valid() && rows.key().compare(first) >= 0; rows.Prev()) {
    ASSIGN_OR_RETURN(TimelineRow row, DecodeTimelineRow(rows.value().ToStringView()));
    timeline.AddRow(std::move(row));
  }
  RETURN_IF_ERROR(FromRocksDb(rows.status(), "cannot read an incident's timeline"));
  ASSIGN_OR_RETURN(const auto given,
                   View::Find(rows, HistoryKey(id, HistoryKind::kGivenTimeline, 0)));
  return !given || timeline.AddGiven(*given) ? absl::OkStatus() : Unreadable(id);
}

absl::Status ReadNotes(View& view, std::string_view id, v1::Incident& history) {
  const std::string prefix = HistoryKeyPrefix(id, HistoryKind::kNote);
  rocksdb::Iterator& rows = view.history();
  for (rows.Seek(prefix); rows.Valid() && rows.key().starts_with(prefix); rows.Next()) {
    if (!AddHistoryRow(HistoryKind::kNote, rows.value().ToStringView(), history)) {
      return Unreadable(id);
    }
  }
  return FromRocksDb(rows.status(), "cannot read an incident's notes");
}

}  // namespace

// In the order of their keys: the store then finds the place of each from that of the one before.
// Rows with equal keys stay in order, so that the last one counts.
void RocksDbHistory::Put(const std::vector<HistoryRow>& rows, rocksdb::WriteBatch& write) const {
  std::vector<std::pair<std::string, const HistoryRow*>> sorted;
  sorted.reserve(rows.size());
  for (const HistoryRow& row : rows) {
    sorted.emplace_back(HistoryKey(row.incident, row.kind, row.number), &row);
  }
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [key, row] : sorted) {
    if (row->bytes.empty()) {
      write.Delete(store_.column(Column::kHistory), key);
    } else {
      write.Put(store_.column(Column::kHistory), key, row->bytes);
    }
  }
}

absl::Status RocksDbHistory::Drop(std::string_view id, const HistoryExtent& extent,
                                  rocksdb::WriteBatch& write) const {
  for (uint32_t number = extent.notes.first; number < extent.notes.next; ++number) {
    write.Delete(store_.column(Column::kHistory), HistoryKey(id, HistoryKind::kNote, number));
  }
  const auto rows = store_.Iterate(Column::kHistory);
  for (const HistoryKind kind : {HistoryKind::kTimeline, HistoryKind::kGivenTimeline}) {
    const std::string prefix = HistoryKeyPrefix(id, kind);
    for (rows->Seek(prefix); rows->Valid() && rows->key().starts_with(prefix); rows->Next()) {
      write.Delete(store_.column(Column::kHistory), rows->key());
    }
  }
  const absl::Status status = FromRocksDb(rows->status(), "cannot read an incident's history");
  return absl::IsDataLoss(status) ? absl::OkStatus() : status;
}

absl::StatusOr<v1::Incident> RocksDbHistory::Read(std::string_view id) const {
  v1::Incident history;
  ASSIGN_OR_RETURN(View view, View::Of(store_));
  ASSIGN_OR_RETURN(const std::optional<StoredIncident> incident, view.Incident(id));
  if (!incident) {
    return history;
  }
  TimelineReading timeline(id, incident->history.timeline_since);
  RETURN_IF_ERROR(ReadEvents(view, incident->last_sequence, timeline));
  RETURN_IF_ERROR(ReadRows(view, id, timeline));
  RETURN_IF_ERROR(timeline.Finish(history));
  RETURN_IF_ERROR(ReadNotes(view, id, history));
  return history;
}

}  // namespace tocsin::hub
