// admin_requests.h: checks what an operator asks for, and fills in what is left out.
//
// Threads: pure.
// Errors:  INVALID_MESSAGE with the field and what is allowed.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/log.h"
#include "tocsin/v1/admin.pb.h"

namespace tocsin {

// What fits into the reason of a WebSocket's close frame, beside our own words.
inline constexpr size_t kMaxKickReason = 64;

absl::Status Check(v1::ListConnectionsRequest& request);
absl::Status Check(v1::ListClosedRequest& request);

struct Kicking {
  std::string id;  // one of the two is empty
  std::string subject;
  std::string why;  // as the client is told
  absl::Duration reconnect_after;
};
absl::StatusOr<Kicking> Read(const v1::KickRequest& request);
absl::StatusOr<LogLevel> Read(const v1::SetLogLevelRequest& request);
v1::LogLevel ToProto(LogLevel level);

}  // namespace tocsin
