#include "core/rpc/hub_error.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace tocsin::rpc {
namespace {

std::string InfoValue(const google::rpc::ErrorInfo& info, const char* key) {
  const auto found = info.metadata().find(key);
  return found == info.metadata().end() ? std::string() : found->second;
}

void ReadDetail(const google::protobuf::Any& detail, HubError& error) {
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad;
  google::rpc::RetryInfo retry;
  if (detail.UnpackTo(&info)) {
    error.reason = info.reason();
    error.details.earliest = InfoValue(info, "earliest");
    error.details.latest = InfoValue(info, "latest");
  } else if (detail.UnpackTo(&bad) && bad.field_violations_size() > 0) {
    error.details.field = bad.field_violations(0).field();
  } else if (detail.UnpackTo(&retry)) {
    error.details.retry_after = absl::Seconds(retry.retry_delay().seconds()) +
                                absl::Nanoseconds(retry.retry_delay().nanos());
  }
}

const ErrorRow* RowNamed(std::string_view name) {
  const auto table = ErrorTable();
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const ErrorRow& row) { return row.name == name; });
  return found == table.end() ? nullptr : &*found;
}

absl::Status MakeFrom(absl::StatusCode grpc, std::string_view message, const HubError& error) {
  const ErrorRow* row = RowNamed(error.reason);
  const ErrorCode code = row != nullptr ? row->code : ErrorCodeOf(absl::Status(grpc, ""));
  return MakeErrorAs(code, grpc, message, error.details);
}

// gRPC itself refuses a message past its bound, with the code of what is worth trying again and
// without a reason. The same message would be refused again.
bool IsTooLarge(const grpc::Status& status, const HubError& error) {
  return status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED && error.reason.empty() &&
         absl::StrContains(status.error_message(), "message larger than max");
}

// A hub says UNSUPPORTED by name; without a name it is gRPC that does not know the method. What the
// bridge's client asked for is right, and works once the hub has been updated.
bool IsTooOld(grpc::StatusCode code, const HubError& error) {
  return code == grpc::StatusCode::UNIMPLEMENTED && error.reason.empty();
}

absl::Status TooOld(const grpc::Status& status) {
  return MakeError(ErrorCode::kServiceUnavailable,
                   absl::StrCat("the hub does not know this call; it is older than this program, "
                                "and must be updated (",
                                status.error_message(), ")"));
}

}  // namespace

HubError ReadHubError(const grpc::Status& status) {
  HubError error;
  google::rpc::Status rich;
  if (rich.ParseFromString(status.error_details())) {
    for (const google::protobuf::Any& detail : rich.details()) {
      ReadDetail(detail, error);
    }
  }
  if (IsTooLarge(status, error)) {
    error.reason = RowOf(ErrorCode::kMessageTooLarge).name;
  }
  return error;
}

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) {
    return absl::OkStatus();
  }
  const HubError error = ReadHubError(status);
  if (IsTooOld(status.error_code(), error)) {
    return TooOld(status);
  }
  return MakeFrom(static_cast<absl::StatusCode>(status.error_code()), status.error_message(),
                  error);
}

absl::Status FromPublishError(const v1::PublishError& error) {
  const auto code = static_cast<absl::StatusCode>(error.status_code());
  const absl::Duration retry_after =
      absl::Seconds(error.retry_after().seconds()) + absl::Nanoseconds(error.retry_after().nanos());
  return MakeFrom(code == absl::StatusCode::kOk ? absl::StatusCode::kInternal : code,
                  error.message(),
                  {error.reason(), {.field = error.field(), .retry_after = retry_after}});
}

bool MayRetry(grpc::StatusCode code, const std::string& reason) {
  if (const ErrorRow* row = RowNamed(reason)) {
    return row->retryable;
  }
  switch (code) {
    case grpc::StatusCode::OK:
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
    // A stream that is cut in the middle, or by a hub that is just ending, shows as one of these.
    case grpc::StatusCode::CANCELLED:
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::UNKNOWN:
      return true;
    default:
      return false;
  }
}

bool MayRetry(const grpc::Status& status) {
  return MayRetry(status.error_code(), ReadHubError(status).reason);
}

}  // namespace tocsin::rpc
