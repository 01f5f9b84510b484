#include "hub/log/incident_remake.h"

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/event/stored_record.h"
#include "core/event/time_proto.h"
#include "core/event/wire.h"
#include "hub/log/readable_rows.h"
#include "hub/log/rocksdb_alerts.h"
#include "hub/log/rocksdb_history.h"
#include "hub/log/rocksdb_incidents.h"

namespace tocsin::hub {
namespace {

struct Table {
  Column column;
  std::string_view what;
};
constexpr std::array<Table, 4> kTables = {{
    {Column::kIncidents, "the table of incidents"},
    {Column::kHistory, "the table of timelines and notes"},
    {Column::kOver, "the table of incidents that are over"},
    {Column::kAlerts, "the table of alerts"},
}};

// In `meta`: the tables that are being made anew, a byte each.
constexpr std::string_view kUnderWay = "remake";
// In the default column, which holds copies: of a row, its column and key; of a note that an event
// tells, this, the incident and the event's sequence.
constexpr char kNoteOfEvent = '\x7f';

constexpr size_t kWriteBytes = limits::kMiB;

std::string CopyKey(Column column, std::string_view key) {
  return absl::StrCat(std::string(1, static_cast<char>(column)),
                      absl::string_view(key.data(), key.size()));
}

std::string NoteKeyPrefix(std::string_view incident) {
  return absl::StrCat(std::string(1, kNoteOfEvent), IncidentKey(incident));
}

template <typename Look>
absl::Status ForEach(const RocksDbStore& store, Column column, const std::string& prefix,
                     Look look) {
  const auto rows = store.Iterate(column);
  for (rows->Seek(prefix); rows->Valid() && rows->key().starts_with(prefix); rows->Next()) {
    RETURN_IF_ERROR(
        look(rows->key().ToStringView().substr(prefix.size()), rows->value().ToStringView()));
  }
  return FromRocksDb(rows->status(), "cannot read what is made anew");
}

}  // namespace

bool IncidentRemake::remakes(Column column) const {
  return std::find(columns_.begin(), columns_.end(), column) != columns_.end();
}

absl::Status IncidentRemake::Run() {
  RETURN_IF_ERROR(Resume());
  RETURN_IF_ERROR(Find());
  if (columns_.empty()) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(Copy());
  return Fill();
}

// An earlier start was cut short after its copy was whole.
absl::Status IncidentRemake::Resume() {
  ASSIGN_OR_RETURN(const auto under_way, store_.Get(Column::kMeta, kUnderWay));
  if (!under_way) {
    return absl::OkStatus();
  }
  for (const char column : *under_way) {
    columns_.push_back(static_cast<Column>(column));
  }
  return Fill();
}

absl::Status IncidentRemake::Find() {
  for (const Table& table : kTables) {
    ASSIGN_OR_RETURN(const bool damaged, store_.IsDamaged(table.column));
    if (damaged || tables_ == Tables::kBehindTheEvents) {
      columns_.push_back(table.column);
    }
  }
  return absl::OkStatus();
}

absl::Status IncidentRemake::Copy() {
  write_.DeleteRange(store_.column(Column::kDefault), "", "\xff");
  std::string under_way;
  for (const Column column : columns_) {
    RETURN_IF_ERROR(CopyColumn(column));
    under_way += static_cast<char>(column);
  }
  write_.Put(store_.column(Column::kMeta), rocksdb::Slice(kUnderWay), under_way);
  return Write(/*sync=*/true);
}

absl::Status IncidentRemake::CopyColumn(Column column) {
  const auto rows = store_.Iterate(column);
  return TakeReadableRows(*rows, "",
                          [&](std::string_view key, std::string_view value) -> absl::Status {
                            ASSIGN_OR_RETURN(const bool stays, Stays(column, value));
                            if (stays) {
                              write_.Put(store_.column(Column::kDefault), CopyKey(column, key),
                                         rocksdb::Slice(value));
                            }
                            return WriteIfLarge();
                          })
      .status();
}

// Of tables that lie behind: incidents that the events do not tell of, and what was noted of each.
absl::StatusOr<bool> IncidentRemake::Stays(Column column, std::string_view row) const {
  if (tables_ == Tables::kAsTheEvents || column == Column::kHistory) {
    return true;
  }
  if (column != Column::kIncidents) {
    return false;
  }
  ASSIGN_OR_RETURN(const IncidentPtr incident, DecodeIncident(row));
  return incident->last_sequence < first_;
}

absl::Status IncidentRemake::Fill() {
  for (const Table& table : kTables) {
    if (remakes(table.column)) {
      RETURN_IF_ERROR(empty_(table.column, table.what));
    }
  }
  for (const Column column : {Column::kIncidents, Column::kHistory}) {
    RETURN_IF_ERROR(PutBack(column));
  }
  alerts_.emplace(store_, [this](std::string_view id) { return Knows(id); });
  RETURN_IF_ERROR(TakeEvents());
  RETURN_IF_ERROR(PutMissingIncidents());
  RETURN_IF_ERROR(PutBack(Column::kAlerts));  // over what the events told
  RETURN_IF_ERROR(FinishIncidents());
  return End();
}

absl::Status IncidentRemake::PutBack(Column column) {
  if (!remakes(column)) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(ForEach(store_, Column::kDefault, std::string(1, static_cast<char>(column)),
                          [&](std::string_view key, std::string_view value) {
                            write_.Put(store_.column(column), rocksdb::Slice(key),
                                       rocksdb::Slice(value));
                            return WriteIfLarge();
                          }));
  return Write();
}

// ---- what the events tell ----

absl::Status IncidentRemake::TakeEvents() {
  if (columns_ == std::vector{Column::kOver}) {
    return absl::OkStatus();
  }
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> events(
      store_.db().NewIterator(options, store_.column(Column::kEvents)));
  bool whole = true;
  ASSIGN_OR_RETURN(
      const bool rows_whole,
      TakeReadableRows(*events, SequenceKey(first_), [&](std::string_view, std::string_view value) {
        const absl::Status taken = TakeEvent(value);
        whole = whole && taken.ok();
        return absl::IsDataLoss(taken) ? absl::OkStatus() : taken;
      }));
  SayWhatIsMissing(whole && rows_whole);
  return Write();
}

absl::Status IncidentRemake::TakeEvent(std::string_view value) {
  ASSIGN_OR_RETURN(const EventHead head, TakeEventHead(value));
  ASSIGN_OR_RETURN(const v1::Event event, DecodeEventField(value));
  const std::string id(DedupIncidentOf(event));
  if (event.has_incident()) {
    RETURN_IF_ERROR(TakeIncidentOf(event, head.previous));
  } else if (!id.empty() && head.previous == 0) {
    told_[*PackUuid(id)].received = event.sequence();
  }
  return remakes(Column::kAlerts) ? alerts_->Take(event) : absl::OkStatus();
}

absl::Status IncidentRemake::TakeIncidentOf(const v1::Event& event, Sequence previous) {
  const std::string& id = event.incident().id();
  Told& told = told_[*PackUuid(id)];
  if (previous == 0 || (told.received != 0 && previous == told.received)) {
    if (told.last != 0 && remakes(Column::kAlerts)) {
      RETURN_IF_ERROR(alerts_->Forget(id));
    }
    told.begin = event.sequence();
  }
  told.last = event.sequence();
  if (remakes(Column::kHistory) && event.type() == v1::EVENT_TYPE_COMMENT_ADDED) {
    write_.Put(store_.column(Column::kDefault), NoteKeyPrefix(id) + SequenceKey(event.sequence()),
               NoteOf(event, ToTime(event.time())).SerializeAsString());
  }
  return WriteIfLarge();
}

absl::Status IncidentRemake::PutMissingIncidents() {
  if (!remakes(Column::kIncidents)) {
    return absl::OkStatus();
  }
  for (auto& [packed, told] : told_) {
    const std::string id = UnpackUuid(packed);
    ASSIGN_OR_RETURN(const IncidentPtr kept, RocksDbIncidents(store_).Get(id));
    if (kept != nullptr || told.last == 0) {
      continue;
    }
    ASSIGN_OR_RETURN(const auto value, store_.Get(Column::kEvents, SequenceKey(told.last)));
    if (!value) {
      continue;
    }
    std::string_view bytes = *value;
    RETURN_IF_ERROR(TakeEventHead(bytes).status());
    ASSIGN_OR_RETURN(const v1::Event event, DecodeEventField(bytes));
    ASSIGN_OR_RETURN(const EventPtr record, MakeStoredRecord(std::string(bytes)));
    told.row = true;
    LogBatch batch;
    batch.incidents.push_back(
        {nullptr, IncidentState::After(event.incident(), record,
                                       {.timeline_since = told.begin, .notes = {}})});
    RocksDbIncidents(store_).Put(batch, write_);
    RETURN_IF_ERROR(WriteIfLarge());
  }
  return Write();
}

// ---- the incidents, one by one ----

absl::Status IncidentRemake::FinishIncidents() {
  const auto rows = store_.Iterate(Column::kIncidents);
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    ASSIGN_OR_RETURN(const IncidentPtr incident, DecodeIncident(rows->value().ToStringView()));
    RETURN_IF_ERROR(Finish(*incident));
    RETURN_IF_ERROR(WriteIfLarge());
  }
  RETURN_IF_ERROR(FromRocksDb(rows->status(), "cannot read the incidents"));
  return Write();
}

absl::Status IncidentRemake::Finish(const IncidentState& incident) {
  auto after = std::make_shared<IncidentState>(incident);
  if (remakes(Column::kIncidents) || remakes(Column::kHistory)) {
    RETURN_IF_ERROR(FinishNotes(incident, after->history));
  }
  if (remakes(Column::kIncidents) || remakes(Column::kAlerts)) {
    RETURN_IF_ERROR(FinishAlerts(incident, after->alerts));
  }
  LogBatch batch;
  batch.incidents.push_back({nullptr, std::move(after)});
  RocksDbIncidents(store_).Put(batch, write_);
  return absl::OkStatus();
}

// The rows that there are, with those of the events among them; numbered anew from 0.
absl::Status IncidentRemake::FinishNotes(const IncidentState& incident, HistoryExtent& extent) {
  size_t kept = 0;
  ASSIGN_OR_RETURN(const std::vector<v1::Note> notes, NotesOf(incident, kept));
  const bool as_they_were = kept == notes.size() && kept == extent.notes.next - extent.notes.first;
  if (as_they_were) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(
      ForEach(store_, Column::kHistory, HistoryKeyPrefix(incident.id, HistoryKind::kNote),
              [&](std::string_view key, std::string_view) {
                write_.Delete(store_.column(Column::kHistory),
                              HistoryKeyPrefix(incident.id, HistoryKind::kNote) + std::string(key));
                return absl::OkStatus();
              }));
  extent.notes = {};
  v1::Incident nothing_given;
  for (const v1::Note& note : notes) {
    const HistoryChange change =
        TakeHistory(nothing_given, &extent, incident.id, extent.timeline_since, &note);
    RocksDbHistory(store_).Put(change.rows, write_);
    extent = change.extent;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<v1::Note>> IncidentRemake::NotesOf(const IncidentState& incident,
                                                              size_t& kept) const {
  std::vector<v1::Note> notes;
  std::set<std::string> ids;
  RETURN_IF_ERROR(ForEach(store_, Column::kHistory,
                          HistoryKeyPrefix(incident.id, HistoryKind::kNote),
                          [&](std::string_view, std::string_view value) {
                            v1::Incident holder;
                            if (AddHistoryRow(HistoryKind::kNote, value, holder)) {
                              ids.insert(holder.notes(0).id());
                              notes.push_back(std::move(*holder.mutable_notes(0)));
                            }
                            return absl::OkStatus();
                          }));
  kept = notes.size();
  const auto told = told_.find(*PackUuid(incident.id));
  const bool complete =
      told == told_.end() ||
      (!told->second.row && kept == incident.history.notes.next - incident.history.notes.first);
  if (!remakes(Column::kHistory) || complete) {
    return notes;
  }
  const std::string begin = SequenceKey(told->second.begin);
  RETURN_IF_ERROR(ForEach(store_, Column::kDefault, NoteKeyPrefix(incident.id),
                          [&](std::string_view key, std::string_view value) {
                            v1::Note note;
                            if (key >= begin &&
                                note.ParseFromArray(value.data(), static_cast<int>(value.size())) &&
                                !ids.contains(note.id())) {
                              notes.push_back(std::move(note));
                            }
                            return absl::OkStatus();
                          }));
  std::stable_sort(notes.begin(), notes.end(), [](const v1::Note& a, const v1::Note& b) {
    return ToTime(a.created_at()) < ToTime(b.created_at());
  });
  return notes;
}

absl::Status IncidentRemake::FinishAlerts(const IncidentState& incident, AlertCounts& counts) {
  const RocksDbAlerts alerts(store_);
  ASSIGN_OR_RETURN(const std::vector<AlertRow> rows, alerts.Of(incident.id));
  counts = {};
  LogBatch batch;
  for (const AlertRow& row : rows) {
    ++counts.rows;
    counts.open += row.open() ? 1 : 0;
    const std::string& fingerprint = row.shown.fingerprint();
    batch.alerts.push_back({incident.id, fingerprint, row});
    ASSIGN_OR_RETURN(const std::string taken_by, alerts.IncidentOf(fingerprint));
    if (taken_by.empty() || row.open()) {
      batch.fingerprints.push_back({fingerprint, incident.id});
    }
  }
  if (remakes(Column::kAlerts)) {
    alerts.Put(batch, write_);
  }
  return absl::OkStatus();
}

absl::Status IncidentRemake::End() {
  write_.Delete(store_.column(Column::kMeta), rocksdb::Slice(kUnderWay));
  write_.DeleteRange(store_.column(Column::kDefault), "", "\xff");
  columns_.clear();
  told_.clear();
  return Write(/*sync=*/true);
}

void IncidentRemake::SayWhatIsMissing(bool events_whole) {
  const bool trimmed = first_ > 1;
  if (remakes(Column::kIncidents) && trimmed) {
    missing_.push_back("incidents whose last event is no longer in the log");
  }
  if (remakes(Column::kHistory)) {
    missing_.push_back(
        trimmed ? "timelines and notes that publishers gave, and what was kept of events that are "
                  "no longer in the log"
                : "timelines and notes that publishers gave");
  }
  if (remakes(Column::kAlerts) && trimmed) {
    missing_.push_back("alerts whose events are no longer in the log");
  }
  if (!events_whole) {
    missing_.push_back("what events that cannot be read say");
  }
}

// ---- the store ----

bool IncidentRemake::Knows(std::string_view id) const {
  if (remakes(Column::kIncidents)) {
    return true;
  }
  const absl::StatusOr<IncidentPtr> incident = RocksDbIncidents(store_).Get(id);
  return incident.ok() && *incident != nullptr;
}

absl::Status IncidentRemake::WriteIfLarge() {
  return write_.GetDataSize() < kWriteBytes ? absl::OkStatus() : Write();
}

absl::Status IncidentRemake::Write(bool sync) {
  rocksdb::WriteOptions options;
  options.sync = sync;
  const rocksdb::Status written = store_.db().Write(options, &write_);
  write_.Clear();
  return FromRocksDb(written, "cannot write what is made anew");
}

}  // namespace tocsin::hub
