#include "hub/log/rocksdb_alerts.h"

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "hub/log/log_codec.h"

namespace tocsin::hub {
namespace {

constexpr char kRow = 'r';
constexpr char kOpen = 'o';
constexpr char kFingerprint = 'f';
constexpr size_t kIncidentBytes = 16;

std::string Prefix(char kind, std::string_view incident) {
  return absl::StrCat(std::string(1, kind), IncidentKey(incident));
}

std::string Key(char kind, std::string_view incident, std::string_view fingerprint) {
  return absl::StrCat(Prefix(kind, incident), ToAbsl(fingerprint));
}

std::string FingerprintKey(std::string_view fingerprint) {
  return absl::StrCat(std::string(1, kFingerprint), ToAbsl(fingerprint));
}

std::string EndValue(const std::optional<absl::Time>& ends_at) {
  std::string value;
  if (ends_at) {
    PutU64(value, static_cast<uint64_t>(absl::ToUnixMicros(*ends_at)));
  }
  return value;
}

std::optional<absl::Time> EndOf(std::string_view value) {
  uint64_t micros = 0;
  return TakeU64(value, micros) ? std::optional(absl::FromUnixMicros(static_cast<int64_t>(micros)))
                                : std::nullopt;
}

}  // namespace

void RocksDbAlerts::Put(const LogBatch& batch, rocksdb::WriteBatch& write) const {
  rocksdb::ColumnFamilyHandle* const column = store_.column(Column::kAlerts);
  for (const AlertChange& change : batch.alerts) {
    const std::string row = Key(kRow, change.incident, change.fingerprint);
    const std::string open = Key(kOpen, change.incident, change.fingerprint);
    if (change.row && change.row->open()) {
      write.Put(column, open, EndValue(change.row->ends_at));
    } else {
      write.Delete(column, open);
    }
    if (change.row) {
      write.Put(column, row, EncodeAlertRow(*change.row));
    } else {
      write.Delete(column, row);
    }
  }
  for (const FingerprintChange& change : batch.fingerprints) {
    if (change.incident.empty()) {
      write.Delete(column, FingerprintKey(change.fingerprint));
    } else {
      write.Put(column, FingerprintKey(change.fingerprint), IncidentKey(change.incident));
    }
  }
}

absl::Status RocksDbAlerts::Drop(const IncidentState& incident, rocksdb::WriteBatch& write) const {
  // The one that it was created with may have no row.
  if (const v1::Incident core = incident.Parse(); !core.fingerprint().empty()) {
    RETURN_IF_ERROR(DropFingerprint(core.fingerprint(), incident.id, write));
  }
  if (incident.alerts.rows == 0) {
    return absl::OkStatus();
  }
  rocksdb::ColumnFamilyHandle* const column = store_.column(Column::kAlerts);
  const std::string prefix = Prefix(kRow, incident.id);
  const auto iterator = store_.Iterate(Column::kAlerts);
  for (iterator->Seek(prefix); iterator->Valid() && iterator->key().starts_with(prefix);
       iterator->Next()) {
    const std::string fingerprint = iterator->key().ToString().substr(prefix.size());
    write.Delete(column, iterator->key());
    write.Delete(column, Key(kOpen, incident.id, fingerprint));
    RETURN_IF_ERROR(DropFingerprint(fingerprint, incident.id, write));
  }
  return FromRocksDb(iterator->status(), "cannot read an incident's alerts");
}

absl::Status RocksDbAlerts::DropFingerprint(std::string_view fingerprint, std::string_view incident,
                                            rocksdb::WriteBatch& write) const {
  ASSIGN_OR_RETURN(const std::string taken_by, IncidentOf(fingerprint));
  if (taken_by == incident) {
    write.Delete(store_.column(Column::kAlerts), FingerprintKey(fingerprint));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> RocksDbAlerts::IncidentOf(std::string_view fingerprint) const {
  ASSIGN_OR_RETURN(const std::optional<std::string> value,
                   store_.Get(Column::kAlerts, FingerprintKey(fingerprint)));
  if (!value) {
    return std::string();
  }
  if (value->size() != kIncidentBytes) {
    return absl::DataLossError("the log's record of a fingerprint cannot be read");
  }
  return IdOfIncidentKey(*value);
}

absl::StatusOr<std::optional<AlertRow>> RocksDbAlerts::Get(std::string_view incident,
                                                           std::string_view fingerprint) const {
  ASSIGN_OR_RETURN(const std::optional<std::string> value,
                   store_.Get(Column::kAlerts, Key(kRow, incident, fingerprint)));
  if (!value) {
    return std::optional<AlertRow>();
  }
  ASSIGN_OR_RETURN(AlertRow row, DecodeAlertRow(*value));
  return std::optional(std::move(row));
}

absl::StatusOr<std::vector<AlertRow>> RocksDbAlerts::Of(std::string_view incident) const {
  std::vector<AlertRow> rows;
  const std::string prefix = Prefix(kRow, incident);
  const auto iterator = store_.Iterate(Column::kAlerts);
  for (iterator->Seek(prefix); iterator->Valid() && iterator->key().starts_with(prefix);
       iterator->Next()) {
    ASSIGN_OR_RETURN(AlertRow row, DecodeAlertRow(iterator->value().ToStringView()));
    rows.push_back(std::move(row));
  }
  RETURN_IF_ERROR(FromRocksDb(iterator->status(), "cannot read an incident's alerts"));
  return rows;
}

absl::StatusOr<std::vector<OpenAlert>> RocksDbAlerts::Open() const {
  std::vector<OpenAlert> open;
  const std::string prefix(1, kOpen);
  const auto iterator = store_.Iterate(Column::kAlerts);
  for (iterator->Seek(prefix); iterator->Valid() && iterator->key().starts_with(prefix);
       iterator->Next()) {
    std::string_view key = iterator->key().ToStringView().substr(1);
    if (key.size() <= kIncidentBytes) {
      return absl::DataLossError("the log's record of an open alert cannot be read");
    }
    open.push_back({.incident = IdOfIncidentKey(key.substr(0, kIncidentBytes)),
                    .fingerprint = std::string(key.substr(kIncidentBytes)),
                    .ends_at = EndOf(iterator->value().ToStringView())});
  }
  RETURN_IF_ERROR(FromRocksDb(iterator->status(), "cannot read the open alerts"));
  return open;
}

}  // namespace tocsin::hub
