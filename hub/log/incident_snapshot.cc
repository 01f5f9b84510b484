#include "hub/log/incident_snapshot.h"

#include "core/event/stored_record.h"

namespace tocsin::hub {

absl::StatusOr<bool> IncidentSnapshot::Matches(std::string_view incident) const {
  FactTexts texts;
  if (!ScanIncident(incident, texts)) {
    return absl::DataLossError("an incident cannot be read: its record is damaged");
  }
  return filter_->MatchesIncident(texts);
}

}  // namespace tocsin::hub
