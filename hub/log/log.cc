#include "hub/log/log.h"

#include <utility>

namespace tocsin::hub {

IncidentPtr IncidentState::From(v1::Incident incident, Sequence last_sequence) {
  auto state = std::make_shared<IncidentState>();
  if (incident.timeline_size() + incident.notes_size() > 0) {
    auto history = std::make_shared<v1::Incident>();
    history->mutable_timeline()->Swap(incident.mutable_timeline());
    history->mutable_notes()->Swap(incident.mutable_notes());
    state->history = std::move(history);
  }
  state->core = std::move(incident);
  state->last_sequence = last_sequence;
  return state;
}

Cursor CursorAt(const std::vector<EpochStart>& epochs, Sequence sequence) {
  Cursor cursor{epochs.empty() ? 0 : epochs.front().epoch, sequence};
  for (const EpochStart& start : epochs) {
    if (start.first > sequence) {
      break;
    }
    cursor.epoch = start.epoch;
  }
  return cursor;
}

}  // namespace tocsin::hub
