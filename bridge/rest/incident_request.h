// incident_request.h: what the head of a request about incidents says, checked on the worker.
//
// Threads: pure.
// Errors:  those of the header or the path's parameter that is wrong.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/event/cursor.h"
#include "core/http/message.h"

namespace tocsin::bridge {

struct IncidentRequest {
  std::string id;                    // of the path, in canonical form; empty for a new one
  std::optional<Sequence> if_match;  // the change is conditional
  std::optional<std::string> key;    // Idempotency-Key
  std::string body;
};

// The {id} of the path.
absl::StatusOr<std::string> IncidentIdOf(const http::HttpRequest& request);

// With kJsonOrNone no body is the same as `{}`.
enum class BodyForm { kJson, kJsonOrNone, kMergePatch };
// Takes the body out of the request. If-Match and an {id} are only looked for where `has_id`.
absl::StatusOr<IncidentRequest> ReadIncidentRequest(http::HttpRequest& request, bool has_id,
                                                    BodyForm form);

}  // namespace tocsin::bridge
