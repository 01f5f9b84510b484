#include "core/rpc/hub_channel.h"

#include <grpcpp/grpcpp.h>

#include "core/event/limits.h"

namespace tocsin::rpc {
namespace {

// A response is at most one write or one event; this leaves room for what later versions add.
constexpr int kMaxResponseBytes = 16 * static_cast<int>(limits::kMiB);

}  // namespace

std::shared_ptr<grpc::Channel> MakeHubChannel(const std::string& address, Connection connection) {
  grpc::ChannelArguments arguments;
  if (connection != Connection::kShared) {
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  }
  if (connection == Connection::kOwnForBulk) {
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kReadAheadBytes);
  }
  // A connection on which nothing has come for 10 s is pinged, and given up when the answer takes
  // 5 s. Bytes that move, of however long a message, are an answer.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  // The first retries come at once and none later than 2 s; gRPC's own would be 1 s to 2 minutes.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
  // How long one attempt to connect may take.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 3'000);
  // http_proxy is meant for the web: it would send even 127.0.0.1 to the proxy.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(kMaxResponseBytes);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace tocsin::rpc
