#include "hub/log/log.h"

#include <utility>

#include "core/base/status_macros.h"
#include "core/event/validate.h"

namespace tocsin::hub {

std::string_view DedupIncidentOf(const v1::Event& event) {
  return event.type() == v1::EVENT_TYPE_ALERT_RECEIVED
             ? event.alert_received().alert().incident_id()
             : IncidentIdOf(event);
}

absl::StatusOr<LogMatches> Log::ReadMatching(Sequence after, size_t max_events, size_t max_bytes,
                                             const Filter& filter) const {
  ASSIGN_OR_RETURN(std::vector<EventPtr> events, Read(after, max_events, max_bytes));
  const Sequence looked_at = events.empty() ? after : events.back()->cursor.sequence;
  std::erase_if(
      events, [&](const EventPtr& event) { return filter.Judge(event->facts) == Verdict::kNone; });
  return LogMatches{std::move(events), looked_at};
}

}  // namespace tocsin::hub
