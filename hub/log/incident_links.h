// incident_links.h: of each event of a commit, where the event before it about the same incident
// stands: so an incident's events are found without a look at the others.
//
// Shape:   the first event of an incident in the commit is linked to what was its newest before.
// Threads: pure.
#pragma once

#include <vector>

#include "core/event/cursor.h"
#include "hub/log/log.h"

namespace tocsin::hub {

// One an event of the batch; 0: there is none.
std::vector<Sequence> IncidentLinks(const LogBatch& batch);

}  // namespace tocsin::hub
