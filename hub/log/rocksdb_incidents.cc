#include "hub/log/rocksdb_incidents.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "hub/log/log_codec.h"
#include "hub/log/rocksdb_alerts.h"
#include "hub/log/rocksdb_history.h"

namespace tocsin::hub {
namespace {

constexpr size_t kOverKeyBytes = 8 + 16;
constexpr size_t kScanReadahead = 2 * limits::kMiB;

std::string TableKey(const IncidentState& incident) {
  return IncidentTableKey(incident.active() ? kActiveIncident : kOverIncident, incident.id);
}

std::string OverKey(const IncidentState& incident) {
  return absl::StrCat(SequenceKey(incident.last_sequence), IncidentKey(incident.id));
}

std::string TimeValue(absl::Time time) {
  std::string value;
  PutU64(value, static_cast<uint64_t>(absl::ToUnixMicros(time)));
  return value;
}

}  // namespace

std::string IncidentTableKey(char kind, std::string_view id) {
  return absl::StrCat(std::string(1, kind), IncidentKey(id));
}

void RocksDbIncidents::Put(const LogBatch& batch, rocksdb::WriteBatch& write) const {
  for (const IncidentChange& change : batch.incidents) {
    const IncidentState& after = *change.after;
    if (change.before != nullptr && change.before->active() != after.active()) {
      write.Delete(store_.column(Column::kIncidents), TableKey(*change.before));
    }
    if (change.before != nullptr && !change.before->active()) {
      write.Delete(store_.column(Column::kOver), OverKey(*change.before));
    }
    if (!after.active()) {
      write.Put(store_.column(Column::kOver), OverKey(after), TimeValue(after.last_time));
    }
    write.Put(store_.column(Column::kIncidents), TableKey(after), EncodeIncident(after));
  }
  RocksDbHistory(store_).Put(batch.history, write);
}

absl::StatusOr<IncidentPtr> RocksDbIncidents::Get(std::string_view id) const {
  for (const char kind : {kActiveIncident, kOverIncident}) {
    ASSIGN_OR_RETURN(const std::optional<std::string> value,
                     store_.Get(Column::kIncidents, IncidentTableKey(kind, id)));
    if (value) {
      return DecodeIncident(*value);
    }
  }
  return nullptr;
}

absl::StatusOr<std::optional<HistoryExtent>> RocksDbIncidents::ExtentOf(std::string_view id) const {
  for (const char kind : {kActiveIncident, kOverIncident}) {
    const auto value = store_.Get(Column::kIncidents, IncidentTableKey(kind, id));
    if (!value.ok() && !absl::IsDataLoss(value.status())) {
      return value.status();
    }
    if (value.ok() && value->has_value()) {
      const absl::StatusOr<StoredIncident> incident = DecodeStoredIncident(**value);
      return incident.ok() ? std::optional(incident->history) : std::nullopt;
    }
  }
  return std::optional<HistoryExtent>();
}

// Past the cache, so that what is read often stays in it.
absl::Status RocksDbIncidents::Scan(
    absl::FunctionRef<bool(const StoredIncident& incident)> look) const {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = kScanReadahead;
  const std::unique_ptr<rocksdb::Iterator> iterator(
      store_.db().NewIterator(options, store_.column(Column::kIncidents)));
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    ASSIGN_OR_RETURN(const StoredIncident incident,
                     DecodeStoredIncident(iterator->value().ToStringView()));
    if (!look(incident)) {
      return absl::OkStatus();
    }
  }
  return FromRocksDb(iterator->status(), "cannot read the incidents");
}

absl::StatusOr<std::vector<std::string>> RocksDbIncidents::DropOver(
    absl::Time time, rocksdb::WriteBatch& write) const {
  std::vector<std::string> ids;
  const auto iterator = store_.Iterate(Column::kOver);
  for (iterator->SeekToFirst(); iterator->Valid() && write.Count() < kMostKeysDropped;
       iterator->Next()) {
    std::string_view value = iterator->value().ToStringView();
    uint64_t micros = 0;
    if (!TakeU64(value, micros) || absl::FromUnixMicros(static_cast<int64_t>(micros)) >= time) {
      break;
    }
    ASSIGN_OR_RETURN(std::string id, Drop(iterator->key().ToStringView(), write));
    if (!id.empty()) {
      ids.push_back(std::move(id));
    }
  }
  RETURN_IF_ERROR(FromRocksDb(iterator->status(), "cannot read the incidents that are over"));
  return ids;
}

absl::StatusOr<std::string> RocksDbIncidents::Drop(std::string_view over_key,
                                                   rocksdb::WriteBatch& write) const {
  write.Delete(store_.column(Column::kOver), rocksdb::Slice(over_key));
  if (over_key.size() != kOverKeyBytes) {
    return "";
  }
  std::string id = IdOfIncidentKey(over_key.substr(8));
  const absl::StatusOr<IncidentPtr> incident = Get(id);
  if (!incident.ok() || *incident == nullptr || OverKey(**incident) != over_key) {
    return absl::IsUnavailable(incident.status()) ? absl::StatusOr<std::string>(incident.status())
                                                  : "";
  }
  RETURN_IF_ERROR(RocksDbAlerts(store_).Drop(**incident, write));
  write.Delete(store_.column(Column::kIncidents), TableKey(**incident));
  RETURN_IF_ERROR(RocksDbHistory(store_).Drop(id, (*incident)->history, write));
  return id;
}

}  // namespace tocsin::hub
