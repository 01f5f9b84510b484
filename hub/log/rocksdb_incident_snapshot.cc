#include "hub/log/rocksdb_incident_snapshot.h"

#include <optional>
#include <utility>

#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "hub/log/log_codec.h"
#include "hub/log/rocksdb_incidents.h"

namespace tocsin::hub {
namespace {

constexpr uint32_t kOverStates =
    1u << v1::INCIDENT_STATE_RESOLVED | 1u << v1::INCIDENT_STATE_CLOSED;

// The shortest list of incidents that a clause of the filter names; null where none names any.
const v1::Filter* Naming(const Filter& filter) {
  const v1::Filter* shortest = nullptr;
  for (const Clause& clause : filter.clauses()) {
    const v1::Filter& proto = clause.proto();
    if (proto.incident_ids_size() > 0 &&
        (shortest == nullptr || proto.incident_ids_size() < shortest->incident_ids_size())) {
      shortest = &proto;
    }
  }
  return shortest;
}

}  // namespace

RocksDbIncidentSnapshot::RocksDbIncidentSnapshot(RocksDbStore& store, const Cursor& place,
                                                 FilterPtr filter)
    : IncidentSnapshot(place, std::move(filter)),
      store_(store),
      snapshot_(&store.db()),
      active_only_((this->filter().masks().states & kOverStates) == 0),
      next_key_(1, kActiveIncident) {
  if (const v1::Filter* const naming = Naming(this->filter())) {
    named_ = true;
    ids_.assign(naming->incident_ids().rbegin(), naming->incident_ids().rend());
  }
}

absl::StatusOr<bool> RocksDbIncidentSnapshot::Read(size_t max_looked_at, Take take) {
  return named_ ? ReadNamed(max_looked_at, take) : ReadTable(max_looked_at, take);
}

absl::StatusOr<bool> RocksDbIncidentSnapshot::ReadNamed(size_t max_looked_at, Take take) {
  bool more = true;
  for (size_t looked_at = 0; more && !ids_.empty() && looked_at < max_looked_at; ++looked_at) {
    for (const char kind : {kActiveIncident, kOverIncident}) {
      ASSIGN_OR_RETURN(const std::optional<std::string> record,
                       store_.Get(Column::kIncidents, IncidentTableKey(kind, ids_.back()),
                                  snapshot_.snapshot()));
      if (record.has_value()) {
        ASSIGN_OR_RETURN(more, Offer(*record, take));
      }
    }
    ids_.pop_back();
  }
  return !ids_.empty();
}

absl::StatusOr<bool> RocksDbIncidentSnapshot::ReadTable(size_t max_looked_at, Take take) {
  const bool of_now = Planted("snapshot-moves");
  const auto iterator = store_.Iterate(Column::kIncidents, of_now ? nullptr : snapshot_.snapshot());
  bool more = true;
  size_t looked_at = 0;
  for (iterator->Seek(next_key_); iterator->Valid(); iterator->Next(), ++looked_at) {
    if (active_only_ && iterator->key()[0] != kActiveIncident) {
      return false;
    }
    if (!more || looked_at >= max_looked_at) {
      next_key_ = iterator->key().ToString();
      return true;
    }
    ASSIGN_OR_RETURN(more, Offer(iterator->value().ToStringView(), take));
  }
  RETURN_IF_ERROR(FromRocksDb(iterator->status(), "cannot read the incidents"));
  return false;
}

absl::StatusOr<bool> RocksDbIncidentSnapshot::Offer(std::string_view record, Take take) const {
  ASSIGN_OR_RETURN(const StoredIncident incident, DecodeStoredIncident(record));
  ASSIGN_OR_RETURN(const bool matches, Matches(incident.core));
  return !matches || take(incident.core);
}

}  // namespace tocsin::hub
