#include "core/rpc/grpc_status.h"

#include <string>

#include "absl/strings/str_join.h"
#include "core/base/utf8.h"
#include "core/event/error.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace tocsin::rpc {
namespace {

// All details travel in one metadata entry, and peers accept 8 KiB of metadata.
constexpr size_t kMaxText = 2048;

std::string Cut(std::string text) {
  text.resize(Utf8Prefix(text, kMaxText).size());
  return text;
}

void SetDuration(absl::Duration from, google::protobuf::Duration& to) {
  to.set_seconds(absl::IDivDuration(from, absl::Seconds(1), &from));
  to.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(from)));
}

google::rpc::ErrorInfo InfoOf(ErrorCode code, const ErrorDetails& details) {
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(RowOf(code).name));
  info.set_domain("tocsin");
  auto& metadata = *info.mutable_metadata();
  if (!details.allowed.empty()) {
    metadata["allowed"] = Cut(absl::StrJoin(details.allowed, ", "));
  }
  if (!details.earliest.empty()) {
    metadata["earliest"] = details.earliest;
  }
  if (!details.latest.empty()) {
    metadata["latest"] = details.latest;
  }
  return info;
}

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) {
    return grpc::Status::OK;
  }
  const ErrorDetails details = ErrorDetailsOf(status);
  google::rpc::Status full;
  full.set_code(static_cast<int>(status.code()));
  full.set_message(Cut(std::string(status.message())));
  full.add_details()->PackFrom(InfoOf(ErrorCodeOf(status), details));
  if (!details.field.empty()) {
    google::rpc::BadRequest bad;
    auto& violation = *bad.add_field_violations();
    violation.set_field(Cut(details.field));
    violation.set_description(full.message());
    full.add_details()->PackFrom(bad);
  }
  if (details.retry_after > absl::ZeroDuration()) {
    google::rpc::RetryInfo retry;
    SetDuration(details.retry_after, *retry.mutable_retry_delay());
    full.add_details()->PackFrom(retry);
  }
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), full.message(),
                      full.SerializeAsString());
}

v1::PublishError ToPublishError(const absl::Status& status) {
  const ErrorDetails details = ErrorDetailsOf(status);
  v1::PublishError error;
  error.set_status_code(static_cast<int>(status.code()));
  error.set_reason(std::string(RowOf(ErrorCodeOf(status)).name));
  error.set_message(Cut(std::string(status.message())));
  error.set_field(details.field);
  if (details.retry_after > absl::ZeroDuration()) {
    SetDuration(details.retry_after, *error.mutable_retry_after());
  }
  return error;
}

}  // namespace tocsin::rpc
