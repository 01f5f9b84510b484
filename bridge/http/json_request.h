// json_request.h: what requests with a body of JSON have in common.
//
// Threads: pure.
// Errors:  UNSUPPORTED for another media type; INVALID_MESSAGE naming the header.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/http/message.h"

namespace tocsin::bridge {

inline constexpr std::string_view kJsonMediaType = "application/json";

// "application/json" of "Application/JSON; charset=utf-8": lower-case, without parameters; empty
// where there is no Content-Type.
std::string MediaType(const http::HttpRequest& request);
// An error unless the body is said to be JSON, whatever its parameters: JSON is UTF-8.
absl::Status CheckIsJson(const http::HttpRequest& request);

// An error naming `field` unless the key has 1 to 255 characters, of any text.
absl::Status CheckIdempotencyKey(std::string_view key, std::string_view field);
// The request's Idempotency-Key, given once. Nothing where there is none.
absl::StatusOr<std::optional<std::string>> IdempotencyKey(const http::HttpRequest& request);

}  // namespace tocsin::bridge
