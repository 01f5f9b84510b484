#include "cli/client.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/exit_codes.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace tocsin::cli {
namespace {

constexpr int kMaxReceivedBytes = 16 << 20;

// gRPC's "failed to connect to all addresses; last error: … : Connection refused", without the
// steps.
std::string WhyUnreachable(const std::string& message) {
  if (absl::StrContains(message, "Connection refused")) return "connection refused";
  if (absl::StrContains(message, "reset by peer") || absl::StrContains(message, "Socket closed") ||
      absl::StrContains(message, "shutdown") || absl::StrContains(message, "GOAWAY")) {
    return "the connection was cut";
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

Failure Unavailable(const grpc::Status& status, const StatusDetails& details,
                    const std::string& hub) {
  if (!details.reason.empty()) {
    return {kUnreachable, absl::StrCat("the hub at ", hub, " takes nothing at present: ",
                                       status.error_message(), ". Try again in a moment")};
  }
  return {
      kUnreachable,
      absl::StrCat("cannot reach the hub at ", hub, ": ", WhyUnreachable(status.error_message()),
                   ". Is tocsin-hub running? --hub (or TOCSIN_HUB) changes the address")};
}

Failure Expired(const grpc::Status& status, const StatusDetails& details) {
  std::string text = absl::StrCat("cannot resume from there: ", status.error_message(), ".");
  if (!details.earliest.empty()) {
    absl::StrAppend(&text, " The hub holds ", details.earliest, " to ", details.latest, ".");
  }
  absl::StrAppend(&text,
                  " --from earliest starts with the oldest event held; --on-gap notify goes on "
                  "past what is missing and says so");
  return {kGap, text};
}

}  // namespace

std::shared_ptr<grpc::Channel> OpenChannel(const Globals& globals, Connection connection) {
  grpc::ChannelArguments arguments;
  if (connection == Connection::kOwn) arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // The first retries come at once and none later than 2 s; gRPC's own would be 1 s to 2 minutes.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  // How long one attempt to connect may take.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000);
  // A hub that vanished without a word is noticed; its bookmarks keep the pings within its
  // patience.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  // http_proxy is meant for the web: it would send even 127.0.0.1 to the proxy.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(kMaxReceivedBytes);
  return grpc::CreateCustomChannel(globals.hub, grpc::InsecureChannelCredentials(), arguments);
}

void SetTimeout(grpc::ClientContext& context, absl::Duration timeout) {
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
}

StatusDetails DetailsOf(const grpc::Status& status) {
  StatusDetails details;
  google::rpc::Status full;
  if (!full.ParseFromString(status.error_details())) return details;
  for (const google::protobuf::Any& any : full.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad;
    google::rpc::RetryInfo retry;
    if (any.UnpackTo(&info)) {
      details.reason = info.reason();
      const auto& metadata = info.metadata();
      if (const auto found = metadata.find("earliest"); found != metadata.end()) {
        details.earliest = found->second;
      }
      if (const auto found = metadata.find("latest"); found != metadata.end()) {
        details.latest = found->second;
      }
    } else if (any.UnpackTo(&bad) && bad.field_violations_size() > 0) {
      details.field = bad.field_violations(0).field();
    } else if (any.UnpackTo(&retry)) {
      details.retry_after = absl::Seconds(retry.retry_delay().seconds()) +
                            absl::Nanoseconds(retry.retry_delay().nanos());
    }
  }
  return details;
}

std::string WhyLost(const grpc::Status& status) {
  return DetailsOf(status).reason.empty() ? WhyUnreachable(status.error_message())
                                          : status.error_message();
}

Failure FailureOf(const grpc::Status& status, const std::string& hub) {
  const StatusDetails details = DetailsOf(status);
  const std::string& message = status.error_message();
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      return Unavailable(status, details, hub);
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return {kUnreachable, absl::StrCat("the hub at ", hub,
                                         " did not answer in time. --timeout gives it longer; "
                                         "`tocsin status` says how it is")};
    case grpc::StatusCode::OUT_OF_RANGE:
      return Expired(status, details);
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::NOT_FOUND:
    case grpc::StatusCode::ALREADY_EXISTS:
    case grpc::StatusCode::ABORTED:
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::UNAUTHENTICATED:
      return {kRefused, absl::StrCat("the hub refused it: ", message)};
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

bool IsTransient(grpc::StatusCode code, const std::string& reason) {
  for (const ErrorRow& row : ErrorTable()) {
    if (reason == ToAbsl(row.name)) return row.retryable;
  }
  switch (code) {
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

bool IsTransient(const grpc::Status& status) {
  return IsTransient(status.error_code(), DetailsOf(status).reason);
}

}  // namespace tocsin::cli
