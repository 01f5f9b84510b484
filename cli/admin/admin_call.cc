#include "cli/admin/admin_call.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cli/exit_codes.h"

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

std::unique_ptr<v1::Admin::Stub> AdminStub(const AdminGlobals& globals) {
  return v1::Admin::NewStub(
      grpc::CreateChannel("unix:" + globals.socket, grpc::InsecureChannelCredentials()));
}

void SetAdminTimeout(const AdminGlobals& globals, grpc::ClientContext& context) {
  context.set_deadline(absl::ToChronoTime(absl::Now() + globals.all.timeout));
}

int TellAdmin(const grpc::Status& status, const AdminGlobals& globals) {
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      return Unreachable(status, globals.socket);
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return Fail(kUnreachable, absl::StrCat("the program at ", globals.socket,
                                             " did not answer in time; --timeout gives it longer"));
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::NOT_FOUND:
    case grpc::StatusCode::FAILED_PRECONDITION:
      return Fail(kRefused, absl::StrCat("refused: ", status.error_message()));
    default:
      return Fail(kFailed,
                  absl::StrCat("the call to ", globals.socket, " failed: ", status.error_message(),
                               " (gRPC code ", static_cast<int>(status.error_code()), ")"));
  }
}

}  // namespace tocsin::cli
