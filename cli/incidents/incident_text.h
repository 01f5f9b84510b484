// incident_text.h: one incident with all that is known of it, for people.
//
// Threads: pure.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::cli {

// Its fields, alerts, notes and timeline; ends with a line break.
std::string IncidentText(const v1::GetIncidentResponse& response, absl::Time now,
                         const absl::TimeZone& zone);
// {"incident":{…},"sequence":…,"cursor":"…"}
std::string IncidentJson(const v1::GetIncidentResponse& response);

}  // namespace tocsin::cli
