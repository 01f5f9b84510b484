// error.h: the one table of errors that every transport answers from.
//
// Shape:   an absl::Status that carries an ErrorCode and what a client needs to mend its request.
// Threads: all functions are pure.
// Errors:  a status that did not come from MakeError reads as kInternal, or as what its gRPC code
//          is closest to.
// Source:  docs/protocol.md, section 5.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace tocsin {

enum class ErrorCode {
  kInvalidMessage,
  kInvalidFilter,
  kUnsupported,
  kNotFound,
  kCursorExpired,
  kConflict,
  kUnauthenticated,
  kUnauthorized,
  kForbidden,
  kRateLimitExceeded,
  kSubscriptionLimitExceeded,
  kMessageTooLarge,
  kSlowConsumer,
  kServiceUnavailable,
  kInternal,
};

// A row of the table. Close codes are 0 where the error closes nothing.
struct ErrorRow {
  ErrorCode code;
  std::string_view name;  // as clients see it, such as "INVALID_FILTER"
  absl::StatusCode grpc;
  int http;
  int ws_close;
  int graphql_close;
  bool retryable;  // the same request may succeed later
};

std::span<const ErrorRow> ErrorTable();
const ErrorRow& RowOf(ErrorCode code);

// What may accompany an error. Empty parts are left out on the wire.
// Every member has an initialiser, so that GCC takes {.field = …} without a warning.
struct ErrorDetails {
  std::string field = {};                 // path of the wrong field: "filters.severities[1]"
  std::vector<std::string> allowed = {};  // what the field may be
  std::string earliest = {};              // cursors held, for kCursorExpired
  std::string latest = {};
  absl::Duration retry_after = absl::ZeroDuration();
};

// The status has the gRPC code of the table's row; `grpc` overrides it where the table lists two
// (kConflict).
absl::Status MakeError(ErrorCode code, std::string_view message, const ErrorDetails& details = {});
absl::Status MakeErrorAs(ErrorCode code, absl::StatusCode grpc, std::string_view message,
                         const ErrorDetails& details = {});

ErrorCode ErrorCodeOf(const absl::Status& status);
ErrorDetails ErrorDetailsOf(const absl::Status& status);

}  // namespace tocsin
