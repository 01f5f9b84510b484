// explain_text.h: the hub's explanations, for people.
//
// Shape:   one event: a line for each field. Many: a line for each event, with what stopped it, and
//          a count of it all at the end. A session: where each of its subscriptions stands.
// Threads: pure.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::cli {

// All end with a line break.
std::string EventExplanationText(const v1::Explanation& explanation);
std::string ExplanationsText(const v1::ExplainResponse& response);
std::string SessionText(const v1::SessionExplanation& session, absl::Time now,
                        const absl::TimeZone& zone);

}  // namespace tocsin::cli
