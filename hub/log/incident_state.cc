#include "hub/log/incident_state.h"

#include <utility>

#include "core/base/check.h"
#include "core/event/time_proto.h"
#include "core/event/wire.h"

namespace tocsin::hub {
namespace {

// What is beside the bytes.
std::shared_ptr<IncidentState> Known(const v1::Incident& incident, Sequence last_sequence) {
  auto state = std::make_shared<IncidentState>();
  state->id = incident.id();
  state->last_sequence = last_sequence;
  state->state = incident.state();
  state->severity = incident.severity();
  if (incident.has_created_at()) {
    state->created_at = ToTime(incident.created_at());
  }
  return state;
}

std::shared_ptr<const v1::Incident> TakeHistory(v1::Incident& incident) {
  if (incident.timeline_size() + incident.notes_size() == 0) {
    return nullptr;
  }
  auto history = std::make_shared<v1::Incident>();
  history->mutable_timeline()->Swap(incident.mutable_timeline());
  history->mutable_notes()->Swap(incident.mutable_notes());
  return history;
}

}  // namespace

v1::Incident IncidentState::Parse() const {
  v1::Incident incident;
  TOCSIN_CHECK(incident.ParseFromArray(core.data(), static_cast<int>(core.size())));
  return incident;
}

size_t IncidentState::bytes() const {
  const size_t grown = history ? history->SpaceUsedLong() : 0;
  return sizeof(*this) + id.capacity() + owner_bytes + grown;
}

IncidentPtr IncidentState::After(const v1::Incident& incident, const EventPtr& record,
                                 std::shared_ptr<const v1::Incident> history) {
  auto state = Known(incident, record->cursor.sequence);
  state->core = IncidentBytesOf(record->payload);
  state->owner = record;
  state->owner_bytes = record->bytes();
  state->history = std::move(history);
  return state;
}

IncidentPtr IncidentState::From(v1::Incident incident, Sequence last_sequence) {
  auto state = Known(incident, last_sequence);
  state->history = TakeHistory(incident);
  auto bytes = std::make_shared<const std::string>(incident.SerializeAsString());
  state->core = *bytes;
  state->owner_bytes = bytes->capacity();
  state->owner = std::move(bytes);
  return state;
}

}  // namespace tocsin::hub
