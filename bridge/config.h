// config.h: the settings of a bridge: flags, TOCSIN_ variables, and the [bridge] section of a TOML
// file.
//
// Threads: values.
// Errors:  INVALID_ARGUMENT and FAILED_PRECONDITION that name the flag; see core/base/options.h.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/alerts/alert_mapping.h"
#include "bridge/ws/session.h"
#include "core/auth/auth_options.h"
#include "core/base/listen_address.h"
#include "core/base/options.h"
#include "core/event/limits.h"
#include "core/http/proxy_rules.h"
#include "core/rpc/hub_tls.h"
#include "core/rpc/hub_token.h"
#include "core/stream/shard.h"
#include "core/stream/window.h"
#include "core/tls/tls_options.h"

namespace tocsin::bridge {

struct BridgeFlags;

// The settings after they were checked, as Bridge::Start takes them.
struct BridgeConfig {
  ListenAddress listen;
  std::string hub;
  rpc::HubTls hub_tls;
  rpc::HubTokenFlags hub_token;
  std::vector<std::string> allowed_origins;
  size_t threads = 1;
  WindowBounds window{limits::kRecentEvents, limits::kRecentBytes};
  ShardOptions shard;
  ws::SessionOptions session;
  AlertMapping alert_mapping;
  bool playground = true;
  size_t max_connections = limits::kConnections;
  size_t max_connections_per_address = limits::kConnectionsPerAddress;
  size_t max_unauthenticated = limits::kUnauthenticatedConnections;  // where tokens are asked for
  absl::Duration drain_timeout = absl::Seconds(10);
  tls::ServerFlags tls;
  http::ProxyRules proxies;
  AuthFlags auth;
  // How long browsers that came over TLS come over nothing else (Strict-Transport-Security).
  absl::Duration hsts = absl::Hours(24) * 180;

  static absl::StatusOr<BridgeConfig> From(const BridgeFlags& flags);
  // Null when the bridge shows none.
  absl::StatusOr<rpc::HubTokenPtr> OpenHubToken() const;
};

// The settings as they were given. Those that From has to parse or to check are texts here; all
// others are read straight into `config`.
struct BridgeFlags {
  std::string listen = "127.0.0.1:8080";
  std::string hub = "127.0.0.1:50051";
  size_t threads = 0;
  std::string compression = "off";
  std::string playground = "on";
  AlertMappingFlags alerts;
  bool insecure = false;
  bool behind_proxy = false;
  std::vector<std::string> trusted_proxies;
  std::string forwarded_header = "x-forwarded-for";
  BridgeConfig config = {};

  void Register(Options& options);
};

}  // namespace tocsin::bridge
