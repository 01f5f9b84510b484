// config.h: the settings of a hub: flags, TOCSIN_ variables, and the [hub] section of a TOML file.
//
// Threads: values.
// Errors:  INVALID_ARGUMENT and FAILED_PRECONDITION that name the flag; see core/base/options.h.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/auth/auth_options.h"
#include "core/base/cidr.h"
#include "core/base/listen_address.h"
#include "core/base/options.h"
#include "core/event/limits.h"
#include "core/stream/shard_options.h"
#include "core/stream/window.h"
#include "core/tls/tls_options.h"
#include "hub/group_commit.h"
#include "hub/log/log.h"

namespace tocsin::hub {

struct HubFlags;

// The settings after they were checked, as Hub::Start takes them.
struct HubConfig {
  ListenAddress listen;
  bool serve_ops = true;
  ListenAddress ops_listen;
  std::string data_dir = "./data";
  std::string store = "rocksdb";
  Durability durability = Durability::kAlways;
  absl::Duration sync_interval = absl::Seconds(1);
  Retention retention{.max_bytes = 10 * 1024 * limits::kMiB, .max_age = absl::Hours(168)};
  WindowBounds window{limits::kRecentEvents, limits::kRecentBytes};
  ShardOptions shard;
  size_t shards = 1;
  size_t max_subscriptions = limits::kConnections;
  size_t max_connections_per_address = limits::kConnectionsPerAddress;
  CidrList trusted_proxies;
  absl::Duration drain_timeout = absl::Seconds(10);
  AlertOptions alerts;
  tls::ServerFlags tls;
  AuthFlags auth;

  static absl::StatusOr<HubConfig> From(const HubFlags& flags);
};

// The settings as they were given. Those that From has to parse or to check are texts here; all
// others are read straight into `config`, where a retention of 0s still means no bound.
struct HubFlags {
  std::string listen = "127.0.0.1:50051";
  std::string ops_listen = "127.0.0.1:8081";
  std::string durability = "always";
  size_t shards = 0;
  bool insecure = false;
  bool behind_proxy = false;
  std::vector<std::string> trusted_proxies;
  HubConfig config = {};

  void Register(Options& options);
};

std::string_view DurabilityName(Durability durability);

}  // namespace tocsin::hub
