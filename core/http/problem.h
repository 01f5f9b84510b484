// problem.h: renders errors as application/problem+json (RFC 9457), with the codes of
// core/event/error.h.
//
// Threads: pure.
// Source:  docs/protocol.md, section 7.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "core/http/message.h"
#include "core/http/request_checks.h"

namespace tocsin::http {

// {"type","title","status","detail","code"} and, where the error has them, "field", "allowed",
// "earliest", "latest", "retry_after_ms"; the HTTP status is the table's; a Retry-After field when
// the error says when to come back, and with every 429 and 503; a WWW-Authenticate field with 401.
HttpResponse ProblemResponse(const absl::Status& status);
// Has another HTTP status, and more members, which are given as they stand in an object:
// `"incident":{…}`.
HttpResponse ProblemResponse(const absl::Status& status, int http, std::string_view members);
// Has the refusal's own HTTP status, and the code INVALID_MESSAGE unless the status has a row in
// the table of errors. The response closes the connection.
HttpResponse ProblemResponse(const Refusal& refusal);
// Tells with a 401 how to authenticate: a WWW-Authenticate field (RFC 6750, section 3).
void AddChallenge(HttpResponse& response, const absl::Status& status);
// The answers for a path that does not exist, and for a method that the path does not have.
HttpResponse NotFound(std::string_view path);
HttpResponse MethodNotAllowed(std::string_view allow);

}  // namespace tocsin::http
