#include "core/rpc/hub_channel.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include "core/event/limits.h"

namespace tocsin::rpc {
namespace {

// A response is at most one write or one event; this leaves room for what later versions add.
constexpr int kMaxResponseBytes = 16 * static_cast<int>(limits::kMiB);

// How often gRPC looks whether a certificate's file has changed.
constexpr unsigned kLookAgainSeconds = 1;

namespace security = grpc::experimental;

std::shared_ptr<security::CertificateProviderInterface> FilesOf(const HubTls& tls) {
  using Watcher = security::FileWatcherCertificateProvider;
  return tls.certificate.empty() ? std::make_shared<Watcher>(tls.authorities, kLookAgainSeconds)
                                 : std::make_shared<Watcher>(tls.key, tls.certificate,
                                                             tls.authorities, kLookAgainSeconds);
}

std::shared_ptr<grpc::ChannelCredentials> CredentialsOf(const HubTls& tls) {
  if (!tls.on()) {
    return grpc::InsecureChannelCredentials();
  }
  security::TlsChannelCredentialsOptions options;
  if (!tls.authorities.empty() || !tls.certificate.empty()) {
    options.set_certificate_provider(FilesOf(tls));
  }
  if (!tls.authorities.empty()) {
    options.watch_root_certs();
  }
  if (!tls.certificate.empty()) {
    options.watch_identity_key_cert_pairs();
  }
  return security::TlsCredentials(options);
}

}  // namespace

std::shared_ptr<grpc::Channel> MakeHubChannel(const std::string& address, Connection connection,
                                              const HubTls& tls) {
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
  if (!tls.server_name.empty()) {
    arguments.SetSslTargetNameOverride(tls.server_name);
  }
  return grpc::CreateCustomChannel(address, CredentialsOf(tls), arguments);
}

}  // namespace tocsin::rpc
