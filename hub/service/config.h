// config.h: the settings of a hub: flags, TOCSIN_ variables, and the [hub] section of a TOML file.
//
// Threads: values.
// Errors:  INVALID_ARGUMENT and FAILED_PRECONDITION that name the flag; see core/base/options.h.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/listen_address.h"
#include "core/base/options.h"
#include "core/event/limits.h"
#include "hub/log/log.h"

namespace tocsin::hub {

// The settings as they were given.
struct HubFlags {
  std::string listen = "127.0.0.1:50051";
  std::string ops_listen = "127.0.0.1:8081";
  std::string data_dir = "./data";
  std::string store = "rocksdb";
  std::string durability = "always";
  absl::Duration sync_interval = absl::Seconds(1);
  size_t retain_events = 0;
  size_t retain_bytes = 10 * 1024 * limits::kMiB;
  absl::Duration retain_age = absl::Hours(168);
  absl::Duration retain_incidents = limits::kOverIncidentAge;
  size_t recent_events = limits::kRecentEvents;
  size_t recent_bytes = limits::kRecentBytes;
  size_t pending_messages = limits::kPendingMessages;
  size_t shards = 0;
  size_t max_subscriptions = limits::kConnections;
  absl::Duration drain_timeout = absl::Seconds(10);
  bool insecure = false;

  void Register(Options& options);
};

// The settings after they were checked, as Hub::Start takes them.
struct HubConfig {
  ListenAddress listen;
  bool serve_ops = true;
  ListenAddress ops_listen;
  std::string data_dir;
  std::string store;
  Durability durability = Durability::kAlways;
  absl::Duration sync_interval;
  Retention retention;
  size_t recent_events = limits::kRecentEvents;
  size_t recent_bytes = limits::kRecentBytes;
  size_t pending_messages = limits::kPendingMessages;
  size_t shards = 1;
  size_t max_subscriptions = limits::kConnections;
  absl::Duration drain_timeout = absl::Seconds(10);
  absl::Duration stuck_after = limits::kStuckAfter;  // no flag: tests shorten it

  static absl::StatusOr<HubConfig> From(const HubFlags& flags);
};

std::string_view DurabilityName(Durability durability);

}  // namespace tocsin::hub
