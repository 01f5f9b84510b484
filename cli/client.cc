#include "cli/client.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/exit_codes.h"
#include "core/rpc/hub_error.h"

namespace tocsin::cli {
namespace {

constexpr std::string_view kCut = "the connection was cut";

// The last cause in gRPC's message, such as "failed to connect to all addresses; last error: … :
// Connection refused".
std::string WhyUnreachable(const std::string& message) {
  if (absl::StrContains(message, "Connection refused")) return "connection refused";
  if (absl::StrContains(message, "certificate verify failed")) {
    return "its certificate is not from an authority that is trusted here (--hub-ca)";
  }
  if (absl::StrContains(message, "eer name") || absl::StrContains(message, "ostname")) {
    return "its certificate is for another name (--hub-server-name)";
  }
  if (absl::StrContains(message, "andshake")) {
    return "no encrypted connection came about (--hub-tls without a certificate at the hub, or a "
           "hub that wants --hub-cert)";
  }
  if (absl::StrContains(message, "reset by peer") || absl::StrContains(message, "Socket closed") ||
      absl::StrContains(message, "shutdown") || absl::StrContains(message, "GOAWAY")) {
    return std::string(kCut);
  }
  if (absl::StrContains(message, "No such file")) return "there is no such socket";
  if (absl::StrContains(message, "DNS") || absl::StrContains(message, "resol")) {
    return "the name cannot be resolved";
  }
  if (absl::StrContains(message, "imed out") || absl::StrContains(message, "imeout")) {
    return "nothing answers";
  }
  return message.empty() ? "no reason given" : message;
}

Failure Unavailable(const grpc::Status& status, const rpc::HubError& error,
                    const std::string& hub) {
  if (!error.reason.empty()) {
    return {kUnreachable, absl::StrCat("the hub at ", hub, " takes nothing at present: ",
                                       status.error_message(), ". Try again in a moment")};
  }
  const std::string why = WhyUnreachable(status.error_message());
  return {kUnreachable,
          absl::StrCat("cannot reach the hub at ", hub, ": ", why,
                       why == kCut ? " (a hub that serves TLS wants --hub-tls, one that asks for "
                                     "certificates --hub-cert)"
                                   : "",
                       ". Is tocsin-hub running? --hub (or TOCSIN_HUB) changes the address")};
}

Failure Expired(const grpc::Status& status, const rpc::HubError& error) {
  std::string text = absl::StrCat("cannot resume from there: ", status.error_message(), ".");
  if (!error.details.earliest.empty()) {
    absl::StrAppend(&text, " The hub holds ", error.details.earliest, " to ", error.details.latest,
                    ".");
  }
  absl::StrAppend(&text,
                  " --from earliest starts with the oldest event held; --on-gap notify goes on "
                  "past what is missing and says so");
  return {kGap, text};
}

}  // namespace

std::shared_ptr<grpc::Channel> OpenChannel(const Globals& globals, rpc::Connection connection) {
  return rpc::MakeHubChannel(globals.hub, connection, globals.hub_tls);
}

void SetTimeout(grpc::ClientContext& context, absl::Duration timeout) {
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
}

std::string WhyLost(const grpc::Status& status) {
  return rpc::ReadHubError(status).reason.empty() ? WhyUnreachable(status.error_message())
                                                  : status.error_message();
}

Failure FailureOf(const grpc::Status& status, const std::string& hub) {
  const rpc::HubError error = rpc::ReadHubError(status);
  const std::string& message = status.error_message();
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      return Unavailable(status, error, hub);
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return {kUnreachable, absl::StrCat("the hub at ", hub,
                                         " did not answer in time. --timeout gives it longer; "
                                         "`tocsin status` says how it is")};
    case grpc::StatusCode::OUT_OF_RANGE:
      return Expired(status, error);
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::NOT_FOUND:
    case grpc::StatusCode::ALREADY_EXISTS:
    case grpc::StatusCode::ABORTED:
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::PERMISSION_DENIED:
      return {kRefused, absl::StrCat("the hub refused it: ", message)};
    case grpc::StatusCode::UNAUTHENTICATED:
      return {kRefused, absl::StrCat("the hub refused it: ", message,
                                     ". --token-file, TOCSIN_TOKEN_FILE or TOCSIN_TOKEN name the "
                                     "token; `tocsin token inspect` says what one holds")};
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return {kRefused, absl::StrCat("the hub is at a limit: ", message)};
    case grpc::StatusCode::UNIMPLEMENTED:
      return {
          kFailed,
          absl::StrCat("what listens at ", hub, " does not know this call: ", message,
                       ". Is it a Tocsin hub (gRPC, by default port 50051), and of this version?")};
    default:
      return {kFailed, absl::StrCat("the call to the hub at ", hub, " failed: ", message,
                                    " (gRPC code ", static_cast<int>(status.error_code()), ")")};
  }
}

}  // namespace tocsin::cli
