#include "cli/admin/admin_call.h"

#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cli/client.h"
#include "cli/exit_codes.h"
#include "cli/hub_call.h"

namespace tocsin::cli {
namespace {

int Unreachable(const grpc::Status& status, const std::string& socket) {
  const bool denied = absl::StrContains(status.error_message(), "Permission denied");
  return Fail(kUnreachable,
              denied ? absl::StrCat("the admin socket ", socket,
                                    " belongs to another user: run this as the user of the "
                                    "program, or as root")
                     : absl::StrCat("nobody answers on the admin socket ", socket,
                                    ". Does the program run, and with --admin-socket ", socket,
                                    "? --socket (or TOCSIN_ADMIN_SOCKET) names another"));
}

}  // namespace

std::string AdminGlobals::Socket() const {
  if (!socket.empty() || all.hub_named) {
    return socket;
  }
  const char* const named = std::getenv("TOCSIN_ADMIN_SOCKET");
  return named == nullptr ? "" : named;
}

std::unique_ptr<v1::Admin::Stub> AdminStub(const AdminGlobals& globals) {
  const std::string socket = globals.Socket();
  return v1::Admin::NewStub(
      socket.empty() ? OpenChannel(globals.all)
                     : grpc::CreateChannel("unix:" + socket, grpc::InsecureChannelCredentials()));
}

void SetAdminTimeout(const AdminGlobals& globals, grpc::ClientContext& context) {
  context.set_deadline(absl::ToChronoTime(absl::Now() + globals.all.timeout));
}

int TellAdmin(const grpc::Status& status, const AdminGlobals& globals) {
  const std::string socket = globals.Socket();
  if (socket.empty()) {
    return Tell(status, globals.all);
  }
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      return Unreachable(status, socket);
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return Fail(kUnreachable, absl::StrCat("the program at ", socket,
                                             " did not answer in time; --timeout gives it longer"));
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::NOT_FOUND:
    case grpc::StatusCode::FAILED_PRECONDITION:
      return Fail(kRefused, absl::StrCat("refused: ", status.error_message()));
    default:
      return Fail(kFailed,
                  absl::StrCat("the call to ", socket, " failed: ", status.error_message(),
                               " (gRPC code ", static_cast<int>(status.error_code()), ")"));
  }
}

}  // namespace tocsin::cli
