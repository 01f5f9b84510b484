#include "core/event/error.h"

#include <charconv>
#include <iterator>
#include <optional>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/base/check.h"
#include "core/base/strings.h"

namespace tocsin {
namespace {

using Grpc = absl::StatusCode;

// In the order of ErrorCode. Where the contract names two close codes, the drain's 1012 is chosen
// by the drain.
constexpr ErrorRow kTable[] = {
    {ErrorCode::kInvalidMessage, "INVALID_MESSAGE", Grpc::kInvalidArgument, 400, 1008, 4400, false},
    {ErrorCode::kInvalidFilter, "INVALID_FILTER", Grpc::kInvalidArgument, 400, 0, 0, false},
    {ErrorCode::kUnsupported, "UNSUPPORTED", Grpc::kUnimplemented, 415, 0, 4400, false},
    {ErrorCode::kNotFound, "NOT_FOUND", Grpc::kNotFound, 404, 0, 0, false},
    {ErrorCode::kCursorExpired, "CURSOR_EXPIRED", Grpc::kOutOfRange, 410, 0, 0, false},
    {ErrorCode::kConflict, "CONFLICT", Grpc::kAborted, 409, 0, 0, false},
    {ErrorCode::kUnauthenticated, "UNAUTHENTICATED", Grpc::kUnauthenticated, 401, 4401, 4403,
     false},
    {ErrorCode::kUnauthorized, "UNAUTHORIZED", Grpc::kUnauthenticated, 401, 4401, 4403, false},
    {ErrorCode::kForbidden, "FORBIDDEN", Grpc::kPermissionDenied, 403, 0, 0, false},
    {ErrorCode::kRateLimitExceeded, "RATE_LIMIT_EXCEEDED", Grpc::kResourceExhausted, 429, 1008,
     1013, true},
    {ErrorCode::kSubscriptionLimitExceeded, "SUBSCRIPTION_LIMIT_EXCEEDED", Grpc::kResourceExhausted,
     429, 0, 0, false},
    {ErrorCode::kMessageTooLarge, "MESSAGE_TOO_LARGE", Grpc::kResourceExhausted, 413, 1009, 1009,
     false},
    {ErrorCode::kSlowConsumer, "SLOW_CONSUMER", Grpc::kResourceExhausted, 503, 1013, 1013, true},
    {ErrorCode::kServiceUnavailable, "SERVICE_UNAVAILABLE", Grpc::kUnavailable, 503, 1013, 1013,
     true},
    {ErrorCode::kInternal, "INTERNAL_SERVER_ERROR", Grpc::kInternal, 500, 1011, 4500, true},
};

// Names of the payloads that ride on the status.
constexpr std::string_view kCodeUrl = "tocsin/code";
constexpr std::string_view kFieldUrl = "tocsin/field";
constexpr std::string_view kAllowedUrl = "tocsin/allowed";
constexpr std::string_view kEarliestUrl = "tocsin/earliest";
constexpr std::string_view kLatestUrl = "tocsin/latest";
constexpr std::string_view kRetryAfterUrl = "tocsin/retry_after_ns";
constexpr char kListSeparator = '\0';

void Attach(absl::Status& status, std::string_view url, std::string_view text) {
  if (!text.empty()) {
    status.SetPayload(ToAbsl(url), absl::Cord(ToAbsl(text)));
  }
}

std::string Attached(const absl::Status& status, std::string_view url) {
  const auto cord = status.GetPayload(ToAbsl(url));
  return cord ? std::string(*cord) : std::string();
}

std::optional<int64_t> AttachedNumber(const absl::Status& status, std::string_view url) {
  const std::string text = Attached(status, url);
  int64_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || stop != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

// The row closest to a status that is not ours.
ErrorCode ClosestTo(absl::StatusCode code) {
  switch (code) {
    case Grpc::kInvalidArgument:
      return ErrorCode::kInvalidMessage;
    case Grpc::kUnimplemented:
      return ErrorCode::kUnsupported;
    case Grpc::kNotFound:
      return ErrorCode::kNotFound;
    case Grpc::kOutOfRange:
      return ErrorCode::kCursorExpired;
    case Grpc::kAborted:
    case Grpc::kAlreadyExists:
    case Grpc::kFailedPrecondition:
      return ErrorCode::kConflict;
    case Grpc::kUnauthenticated:
      return ErrorCode::kUnauthenticated;
    case Grpc::kPermissionDenied:
      return ErrorCode::kForbidden;
    case Grpc::kResourceExhausted:
      return ErrorCode::kRateLimitExceeded;
    case Grpc::kUnavailable:
    case Grpc::kDeadlineExceeded:
    case Grpc::kCancelled:
      return ErrorCode::kServiceUnavailable;
    default:
      return ErrorCode::kInternal;
  }
}

}  // namespace

std::span<const ErrorRow> ErrorTable() { return kTable; }

const ErrorRow& RowOf(ErrorCode code) {
  const ErrorRow& row = kTable[static_cast<size_t>(code)];
  TOCSIN_CHECK(row.code == code);
  return row;
}

absl::Status MakeError(ErrorCode code, std::string_view message, const ErrorDetails& details) {
  return MakeErrorAs(code, RowOf(code).grpc, message, details);
}

absl::Status MakeErrorAs(ErrorCode code, absl::StatusCode grpc, std::string_view message,
                         const ErrorDetails& details) {
  TOCSIN_CHECK(grpc != absl::StatusCode::kOk);
  absl::Status status(grpc, ToAbsl(message));
  Attach(status, kCodeUrl, absl::StrCat(static_cast<int>(code)));
  Attach(status, kFieldUrl, details.field);
  Attach(status, kAllowedUrl, absl::StrJoin(details.allowed, std::string(1, kListSeparator)));
  Attach(status, kEarliestUrl, details.earliest);
  Attach(status, kLatestUrl, details.latest);
  if (details.retry_after > absl::ZeroDuration()) {
    Attach(status, kRetryAfterUrl, absl::StrCat(absl::ToInt64Nanoseconds(details.retry_after)));
  }
  return status;
}

ErrorCode ErrorCodeOf(const absl::Status& status) {
  const std::optional<int64_t> number = AttachedNumber(status, kCodeUrl);
  if (number && *number >= 0 && *number < static_cast<int64_t>(std::size(kTable))) {
    return static_cast<ErrorCode>(*number);
  }
  return ClosestTo(status.code());
}

ErrorDetails ErrorDetailsOf(const absl::Status& status) {
  ErrorDetails details;
  details.field = Attached(status, kFieldUrl);
  if (const std::string allowed = Attached(status, kAllowedUrl); !allowed.empty()) {
    details.allowed = absl::StrSplit(allowed, kListSeparator);
  }
  details.earliest = Attached(status, kEarliestUrl);
  details.latest = Attached(status, kLatestUrl);
  details.retry_after = absl::Nanoseconds(AttachedNumber(status, kRetryAfterUrl).value_or(0));
  return details;
}

}  // namespace tocsin
