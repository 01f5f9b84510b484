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
#include "bridge/ws/session.h"
#include "core/base/listen_address.h"
#include "core/base/options.h"
#include "core/event/limits.h"
#include "core/stream/shard.h"
#include "core/stream/window.h"

namespace tocsin::bridge {

// The settings as they were given.
struct BridgeFlags {
  std::string listen = "127.0.0.1:8080";
  std::string hub = "127.0.0.1:50051";
  std::vector<std::string> allowed_origins;
  size_t threads = 0;
  absl::Duration heartbeat_interval = limits::kHeartbeatInterval;
  absl::Duration session_timeout = limits::kSessionTimeout;
  size_t pending_messages = limits::kPendingMessages;
  size_t pending_bytes = limits::kPendingBytes;
  size_t recent_events = limits::kRecentEvents;
  size_t recent_bytes = limits::kRecentBytes;
  size_t max_connections = limits::kConnections;
  size_t max_connections_per_address = limits::kConnectionsPerAddress;
  size_t max_subscriptions = limits::kSubscriptionsPerConnection;
  size_t max_message_bytes = limits::kClientMessageBytes;
  size_t messages_per_second = limits::kMessagesPerSecond;
  size_t message_burst = limits::kMessageBurst;
  std::string compression = "off";
  absl::Duration drain_timeout = absl::Seconds(10);
  bool insecure = false;

  void Register(Options& options);
};

// The settings after they were checked, as Bridge::Start takes them.
struct BridgeConfig {
  ListenAddress listen;
  std::string hub;
  std::vector<std::string> allowed_origins;
  size_t threads = 1;
  WindowBounds window{limits::kRecentEvents, limits::kRecentBytes};
  ShardOptions shard;
  ws::SessionOptions session;
  size_t max_connections = limits::kConnections;
  size_t max_connections_per_address = limits::kConnectionsPerAddress;
  absl::Duration drain_timeout = absl::Seconds(10);

  static absl::StatusOr<BridgeConfig> From(const BridgeFlags& flags);
};

}  // namespace tocsin::bridge
