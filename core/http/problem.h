// problem.h: errors as application/problem+json (RFC 9457), from the one table of errors.
//
// Threads: pure.
// Source:  docs/protocol.md, section 7.
#pragma once

#include "absl/status/status.h"
#include "core/http/message.h"
#include "core/http/request_checks.h"

namespace tocsin::http {

// {"type","title","status","detail","code"} and, where the error has them, "field", "allowed",
// "earliest", "latest", "retry_after_ms"; the HTTP status is the table's; a Retry-After field when
// the error says when to come back, and with every 429 and 503.
HttpResponse ProblemResponse(const absl::Status& status);
// With the refusal's own HTTP status, and the code INVALID_MESSAGE unless the status has a row in the
// table; closes the connection.
HttpResponse ProblemResponse(const Refusal& refusal);
// For a path that is not there, and a method that the path does not take.
HttpResponse NotFound(std::string_view path);
HttpResponse MethodNotAllowed(std::string_view allow);

}  // namespace tocsin::http
