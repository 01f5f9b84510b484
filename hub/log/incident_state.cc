#include "hub/log/incident_state.h"

#include <utility>

#include "core/base/check.h"
#include "core/event/time_proto.h"
#include "core/event/wire.h"

namespace tocsin::hub {
namespace {

// What is beside the bytes.
std::shared_ptr<IncidentState> Known(const v1::Incident& incident, Sequence last_sequence,
                                     absl::Time last_time, const HistoryExtent& history,
                                     AlertCounts alerts) {
  auto state = std::make_shared<IncidentState>();
  state->id = incident.id();
  state->last_sequence = last_sequence;
  state->last_time = last_time;
  state->state = incident.state();
  state->severity = incident.severity();
  if (incident.has_created_at()) {
    state->created_at = ToTime(incident.created_at());
  }
  state->history = history;
  state->alerts = alerts;
  return state;
}

}  // namespace

v1::Incident IncidentState::Parse() const {
  v1::Incident incident;
  TOCSIN_CHECK(incident.ParseFromArray(core.data(), static_cast<int>(core.size())));
  return incident;
}

size_t IncidentState::bytes() const { return sizeof(*this) + id.capacity() + owner_bytes; }

IncidentPtr IncidentState::After(const v1::Incident& incident, const EventPtr& record,
                                 const HistoryExtent& history, AlertCounts alerts) {
  auto state = Known(incident, record->cursor.sequence, record->time, history, alerts);
  state->core = IncidentBytesOf(record->payload);
  state->owner = record;
  state->owner_bytes = record->bytes();
  return state;
}

IncidentPtr IncidentState::From(v1::Incident incident, Sequence last_sequence, absl::Time last_time,
                                const HistoryExtent& history, AlertCounts alerts) {
  auto state = Known(incident, last_sequence, last_time, history, alerts);
  incident.clear_timeline();
  incident.clear_notes();
  auto bytes = std::make_shared<const std::string>(incident.SerializeAsString());
  state->core = *bytes;
  state->owner_bytes = bytes->capacity();
  state->owner = std::move(bytes);
  return state;
}

}  // namespace tocsin::hub
