#include "bridge/upstream/grpc_status.h"

#include <algorithm>

#include "core/event/error.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace tocsin::bridge {
namespace {

std::string InfoValue(const google::rpc::ErrorInfo& info, const char* key) {
  const auto found = info.metadata().find(key);
  return found == info.metadata().end() ? std::string() : found->second;
}

void ReadDetail(const google::protobuf::Any& detail, std::string& reason, ErrorDetails& details) {
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad;
  google::rpc::RetryInfo retry;
  if (detail.UnpackTo(&info)) {
    reason = info.reason();
    details.earliest = InfoValue(info, "earliest");
    details.latest = InfoValue(info, "latest");
  } else if (detail.UnpackTo(&bad) && bad.field_violations_size() > 0) {
    details.field = bad.field_violations(0).field();
  } else if (detail.UnpackTo(&retry)) {
    details.retry_after = absl::Seconds(retry.retry_delay().seconds()) +
                          absl::Nanoseconds(retry.retry_delay().nanos());
  }
}

const ErrorRow* RowNamed(std::string_view name) {
  const auto table = ErrorTable();
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const ErrorRow& row) { return row.name == name; });
  return found == table.end() ? nullptr : &*found;
}

}  // namespace

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) {
    return absl::OkStatus();
  }
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  std::string reason;
  ErrorDetails details;
  google::rpc::Status rich;
  if (rich.ParseFromString(status.error_details())) {
    for (const google::protobuf::Any& detail : rich.details()) {
      ReadDetail(detail, reason, details);
    }
  }
  const ErrorRow* row = RowNamed(reason);
  const ErrorCode error = row != nullptr ? row->code : ErrorCodeOf(absl::Status(code, ""));
  return MakeErrorAs(error, code, status.error_message(), details);
}

bool IsBrokenStream(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::OUT_OF_RANGE:
    case grpc::StatusCode::NOT_FOUND:
    case grpc::StatusCode::UNIMPLEMENTED:
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::DATA_LOSS:
      return false;
    default:
      return true;
  }
}

}  // namespace tocsin::bridge
