#include "bridge/config.h"

#include <algorithm>
#include <limits>
#include <thread>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bridge/advice.h"
#include "core/auth/https/open_authenticator.h"
#include "core/base/status_macros.h"

namespace tocsin::bridge {
namespace {

constexpr size_t kAny = std::numeric_limits<size_t>::max() / 2;

void RegisterProxies(Options& options, BridgeFlags& flags) {
  options.Bool(
      &flags.behind_proxy, "behind-proxy",
      "Says that a proxy does TLS for this port, and that nobody reaches it but the proxy.");
  options.List(&flags.trusted_proxies, "trusted-proxy",
               "An address or a network, such as 10.0.0.0/8, of proxies that say for whom they "
               "come. They are not counted by --max-connections-per-address: their clients are. "
               "May be repeated.",
               "NETWORK");
  options.Bool(
      &flags.config.proxies.protocol, "proxy-protocol",
      "Connections from a trusted proxy begin with a header of the PROXY protocol, version "
      "1 or 2; those without are refused.");
  options.Choice(
      &flags.forwarded_header, "forwarded-header",
      "Where a trusted proxy says whose a request is. The other one is not read: a proxy "
      "passes on what the client wrote there.",
      {"x-forwarded-for", "forwarded"});
}

void RegisterFaces(Options& options, BridgeFlags& flags) {
  options.Text(&flags.listen, "listen",
               "Where clients connect over HTTP and WebSocket; port 0 picks a free one.",
               "ADDRESS:PORT");
  options.Text(&flags.hub, "hub", "The hub, over gRPC. unix:PATH for a Unix socket.",
               "ADDRESS:PORT");
  options.Bool(&flags.config.hub_tls.wanted, "hub-tls", rpc::kHubTlsHelp);
  options.Text(&flags.config.hub_tls.authorities, "hub-ca", rpc::kHubCaHelp, "FILE");
  options.Text(&flags.config.hub_tls.certificate, "hub-cert", rpc::kHubCertHelp, "FILE");
  options.Text(&flags.config.hub_tls.key, "hub-key", rpc::kHubKeyHelp, "FILE");
  options.Text(&flags.config.hub_tls.server_name, "hub-server-name", rpc::kHubServerNameHelp,
               "NAME");
  options.Text(&flags.config.hub_token.file, "hub-token-file", rpc::kHubTokenHelp, "FILE");
  options.Bool(&flags.config.hub_token.in_the_clear, "hub-insecure", rpc::kHubInsecureHelp);
  options.List(&flags.config.allowed_origins, "allowed-origin",
               "A web origin whose pages may connect, such as https://status.example.com. The "
               "bridge's own is always "
               "allowed. May be repeated.",
               "ORIGIN");
  flags.config.tls.Register(options, tls::ServerFlags::ClientCertificates::kNotAsked);
  flags.config.auth.Register(options);
  options.Duration(&flags.config.hsts, "hsts",
                   "How long a browser that came over TLS comes to this host over TLS alone "
                   "(Strict-Transport-Security); 0s: not told.",
                   absl::ZeroDuration(), absl::Hours(24) * 365 * 2);
  options.Bool(&flags.insecure, "insecure",
               "Allows listening on addresses that other machines reach, without authentication or "
               "TLS.");
  RegisterProxies(options, flags);
  options.Choice(&flags.playground, "playground",
                 "GraphiQL, the page in which GraphQL is tried out, at /graphql/playground. It "
                 "holds no data and "
                 "can do no more than any client.",
                 {"on", "off"});
  options.Count(&flags.threads, "threads", "Threads that serve connections; 0: one for each core.",
                0, 256);
  options.Duration(&flags.config.drain_timeout, "drain-timeout",
                   "How long a shutdown may take: telling the clients, and closing with them.",
                   absl::Milliseconds(100), absl::Minutes(10));
}

void RegisterSessions(Options& options, BridgeFlags& flags) {
  options.Duration(&flags.config.session.heartbeat_interval, "heartbeat-interval",
                   "How often a client is sent a ping and a bookmark; one that is silent for two "
                   "intervals is dropped.",
                   absl::Milliseconds(100), absl::Hours(1));
  options.Duration(&flags.config.session.session_timeout, "session-timeout",
                   "A session without a message, pong or ack for so long is ended.",
                   absl::Milliseconds(100), absl::Hours(24 * 365));
  options.Count(&flags.config.max_connections, "max-connections",
                "Connections at a time; more are refused.", 1, 10'000'000);
  options.Count(&flags.config.max_connections_per_address, "max-connections-per-address",
                "Connections from one address at a time; this machine's own are not counted.", 1,
                10'000'000);
  options.Count(&flags.config.max_unauthenticated, "max-unauthenticated-connections",
                "Connections at a time that have not shown a good token yet, where authentication "
                "is on; more are refused.",
                1, 10'000'000);
  options.Count(&flags.config.session.max_subscriptions, "max-subscriptions",
                "Subscriptions of one connection.", 1, 100'000);
  options.Bytes(&flags.config.session.max_message_bytes, "max-message-bytes",
                "The longest message that a client may send.", limits::kKiB, 16 * limits::kMiB);
  options.Count(&flags.config.session.messages_per_second, "messages-per-second",
                "Messages a second that a client may send.", 1, 1'000'000);
  options.Count(&flags.config.session.message_burst, "message-burst",
                "Messages that a client may send at once.", 1, 1'000'000);
  options.Choice(
      &flags.compression, "compression",
      "Events to clients that offer permessage-deflate: as they are, or compressed, once for "
      "all clients.",
      {"off", "deflate"});
}

void RegisterEngine(Options& options, BridgeFlags& flags) {
  options.Count(&flags.config.shard.pending_messages, "pending-messages",
                "Messages that wait in memory for one connection; past it, it reads from the log.",
                1, 1'000'000);
  options.Bytes(&flags.config.shard.pending_bytes, "pending-bytes",
                "Bytes that wait in memory for one connection.", limits::kKiB, kAny);
  options.Count(&flags.config.window.max_events, "recent-events",
                "Recent events held in memory for replay.", 1, 10'000'000);
  options.Bytes(&flags.config.window.max_bytes, "recent-bytes",
                "Bytes of recent events held in memory.", 64 * limits::kKiB, kAny);
}

// Browsers leave a scheme's own port out, and send names in ASCII.
bool IsAsBrowsersSendIt(std::string_view origin) {
  const bool own_port = (origin.starts_with("https:") && origin.ends_with(":443")) ||
                        (origin.starts_with("http:") && origin.ends_with(":80"));
  return !own_port && std::all_of(origin.begin(), origin.end(),
                                  [](unsigned char c) { return c > ' ' && c < 0x7f; });
}

// scheme://host[:port], as browsers send it.
absl::Status CheckOrigin(const std::string& origin) {
  const size_t scheme = origin.find("://");
  const bool lower = origin == absl::AsciiStrToLower(origin);
  if (scheme == std::string::npos || scheme == 0 || scheme + 3 == origin.size() || !lower ||
      origin.find_first_of("/?#*@", scheme + 3) != std::string::npos ||
      !IsAsBrowsersSendIt(origin)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--allowed-origin: \"", origin,
        "\" is no origin as browsers send it: scheme://host or scheme://host:port, in lower case, ",
        "without a path, without the scheme's own port (80, 443), and a name with other letters ",
        "than ASCII's in its xn-- form"));
  }
  return absl::OkStatus();
}

}  // namespace

void BridgeFlags::Register(Options& options) {
  RegisterFaces(options, *this);
  RegisterSessions(options, *this);
  RegisterEngine(options, *this);
  alerts.Register(options);
  options.Reloads({"allowed-origin", "max-connections", "max-connections-per-address",
                   "max-unauthenticated-connections", "max-subscriptions", "max-message-bytes",
                   "messages-per-second", "message-burst", "heartbeat-interval",
                   "session-timeout"});
  options.Check([this] { return BridgeConfig::From(*this).status(); });
  options.Advise([this] { return AdviseOn(*this, absl::Now()); });
}

absl::StatusOr<rpc::HubTokenPtr> BridgeConfig::OpenHubToken() const {
  return hub_token.Open(hub, hub_tls.on(), "--hub-token-file");
}

absl::StatusOr<BridgeConfig> BridgeConfig::From(const BridgeFlags& flags) {
  BridgeConfig config = flags.config;
  ASSIGN_OR_RETURN(config.listen, ParseListenAddress(flags.listen, "--listen"));
  RETURN_IF_ERROR(CheckExposure(config.listen,
                                {.tls = config.tls.on(),
                                 .auth = config.auth.on(),
                                 .behind_proxy = flags.behind_proxy,
                                 .insecure = flags.insecure},
                                "--listen"));
  ASSIGN_OR_RETURN(config.proxies.trusted,
                   CidrList::Parse(flags.trusted_proxies, "--trusted-proxy"));
  if (config.proxies.protocol && config.proxies.trusted.empty()) {
    return absl::InvalidArgumentError(
        "--proxy-protocol needs to know whose headers to take: give --trusted-proxy");
  }
  config.proxies.header = flags.forwarded_header == "forwarded"
                              ? http::ProxyRules::Header::kForwarded
                              : http::ProxyRules::Header::kXForwardedFor;
  ASSIGN_OR_RETURN(const ListenAddress hub,
                   ParseListenAddress(flags.hub, "--hub", UnixSockets::kAllowed));
  config.hub = hub.ToString();
  for (const std::string& origin : config.allowed_origins) {
    RETURN_IF_ERROR(CheckOrigin(origin));
  }
  RETURN_IF_ERROR(config.tls.Check());
  RETURN_IF_ERROR(config.hub_tls.Check());
  RETURN_IF_ERROR(config.OpenHubToken().status());
  RETURN_IF_ERROR(CheckAuth(config.auth));
  config.threads =
      flags.threads > 0 ? flags.threads : std::max(1u, std::thread::hardware_concurrency());
  config.session.compression = flags.compression == "deflate";
  config.playground = flags.playground == "on";
  ASSIGN_OR_RETURN(config.alert_mapping, AlertMapping::From(flags.alerts));
  return config;
}

}  // namespace tocsin::bridge
