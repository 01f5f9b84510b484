// explain_json.h: Explain's request and answer as JSON, with the names of the schema.
//
// Threads: pure.
// Errors:  INVALID_MESSAGE (INVALID_FILTER inside a filter) with the field's path and what is
//          allowed.
// Source:  docs/protocol.md, sections 4 and 7.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin {

// {"filter":{…},"require":[…],"event":{…}}; in the event's place "last" with "show" ("matching",
// "not_matching"), or "session_id". Which of them go together is the hub's to check.
absl::StatusOr<v1::ExplainRequest> ReadJsonExplainRequest(std::string_view text);

// {"looked_at":…,"matching":…,"left_out":…,"explanations":[…]}, or {"session":{…}}.
void AppendJsonExplainResponse(std::string& out, const v1::ExplainResponse& response);

}  // namespace tocsin
