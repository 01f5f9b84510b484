// admin_server.h: tocsin.v1.Admin over gRPC on a Unix socket, for hub and bridge alike.
//
// Shape:   a gRPC server with threads of its own, so that no call waits on those that serve events
//          and none of these on a call. The permissions of the socket's file (0600) are the
//          authentication.
// Threads: Start, Stop and the destructor on one.
// Owns:    the socket with its file, the gRPC server and its threads.
// Bounds:  calls at a time, bytes of a request, and silent connections, see the .cc.
// Errors:  Start's name the path and what to do; a call's are statuses of the error table.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/admin/admin.h"

namespace tocsin {

// Whether a Unix socket can have that path. `flag` begins the error.
absl::Status CheckSocketPath(const std::string& path, std::string_view flag);

class AdminServer {
 public:
  // `admin` outlives it.
  static absl::StatusOr<std::unique_ptr<AdminServer>> Start(const std::string& path, Admin& admin);
  // Waits for the calls under way, which end within seconds, and removes the file.
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

 private:
  class Impl;
  explicit AdminServer(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin
