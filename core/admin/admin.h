// admin.h: what an operator may ask of a running program, whatever the transport that asks.
//
// Shape:   one method a call of tocsin.v1.Admin. What changes something leaves a line in the log,
//          whatever its level: who, what, on whom, and how it ended.
// Threads: any but the shards'; calls may overlap. A call waits at most kShardAnswersWithin for
//          those threads, and Reload for the one before it.
// Owns:    nothing.
// Errors:  INVALID_MESSAGE with the field; NOT_FOUND for a connection that is not there;
//          CONFLICT for a configuration that cannot be taken.
// Source:  proto/tocsin/v1/admin.proto
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/admin/closed_sessions.h"
#include "core/base/clock.h"
#include "core/base/options.h"
#include "core/stream/shard.h"
#include "tocsin/v1/admin.pb.h"

namespace tocsin {

// Who serves sessions in a program, and those that it has served. Outlive the Admin.
struct ServedSessions {
  std::vector<Shard*> shards = {};
  const ClosedSessions* closed = nullptr;  // null: none are kept
};

class Admin {
 public:
  // What only the program as a whole can do.
  struct Program {
    std::function<void()> drain;  // begins it, as SIGTERM does
    std::function<absl::StatusOr<Options::Changes>()> reload;
  };

  Admin(ServedSessions served, Program program, Clock& clock)
      : served_(std::move(served)), program_(std::move(program)), clock_(clock) {}

  // `by`: who asks, as the log has it: "unix socket, uid 0, pid 4711", "subject alice".
  using By = std::string_view;

  absl::StatusOr<v1::ListConnectionsResponse> ListConnections(v1::ListConnectionsRequest request);
  absl::StatusOr<v1::ListClosedResponse> ListClosed(v1::ListClosedRequest request);
  absl::StatusOr<v1::KickResponse> Kick(By by, const v1::KickRequest& request);
  absl::StatusOr<v1::DrainResponse> Drain(By by);
  absl::StatusOr<v1::ReloadResponse> Reload(By by);
  absl::StatusOr<v1::SetLogLevelResponse> SetLogLevel(By by, const v1::SetLogLevelRequest& request);
  v1::GetLogLevelResponse GetLogLevel() const;

 private:
  const ServedSessions served_;
  const Program program_;
  Clock& clock_;
};

}  // namespace tocsin
