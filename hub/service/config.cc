#include "hub/service/config.h"

#include <sched.h>

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/auth/https/open_authenticator.h"
#include "core/base/status_macros.h"
#include "hub/service/advice.h"

namespace tocsin::hub {
namespace {

constexpr size_t kAny = std::numeric_limits<size_t>::max() / 2;

// Those that this process may run on.
size_t Processors() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof(set), &set) == 0 ? static_cast<size_t>(CPU_COUNT(&set)) : 1;
}

// Half of the processors: the other half is left to publishers, the log and the kernel. Two at least
// where there are two, so that a peer that keeps its shard busy does not keep everybody's. On one
// processor it would take that all the same, and a second shard costs a third of the fan-out
// (docs/benchmarks.md).
size_t DefaultShards() {
  const size_t processors = Processors();
  return std::max(std::min<size_t>(processors, 2), processors / 2);
}

void RegisterFaces(Options& options, HubFlags& flags) {
  options.Text(
      &flags.listen, "listen",
      "Where clients connect over gRPC; port 0 picks a free one. unix:PATH for a Unix socket.",
      "ADDRESS:PORT");
  options.Text(&flags.ops_listen, "ops-listen",
               "Where /health and /metrics are served over HTTP. Empty: nowhere.", "ADDRESS:PORT");
  flags.config.tls.Register(options, tls::ServerFlags::ClientCertificates::kAsked);
  flags.config.auth.Register(options);
  options.Bool(&flags.insecure, "insecure",
               "Allows listening on addresses that other machines reach, without authentication or "
               "TLS.");
  options.Bool(
      &flags.behind_proxy, "behind-proxy",
      "Says that a proxy does TLS for this port, and that nobody reaches it but the proxy.");
  options.List(&flags.trusted_proxies, "trusted-proxy",
               "An address or a network, such as 10.0.0.0/8, of proxies, which are not counted by "
               "--max-connections-per-address. May be repeated.",
               "NETWORK");
  options.Count(&flags.config.max_connections_per_address, "max-connections-per-address",
                "Connections from one address at a time; this machine's own are not counted.", 1,
                10'000'000);
  options.Count(&flags.config.max_subscriptions, "max-subscriptions",
                "Subscribe streams at a time; more are refused.", 1, 1'000'000);
  options.Duration(
      &flags.config.drain_timeout, "drain-timeout",
      "How long a shutdown may take: telling the subscribers, answering what was published.",
      absl::Milliseconds(100), absl::Minutes(10));
}

void RegisterLog(Options& options, HubFlags& flags) {
  options.Text(&flags.config.data_dir, "data-dir", "Where the log is kept. One hub a directory.",
               "DIR");
  options.Choice(&flags.config.store, "store",
                 "Where events are stored: on disk, or in memory only (gone at the end).",
                 {"rocksdb", "memory"});
  options.Choice(&flags.durability, "durability",
                 "When a publish is acknowledged: always = after its events are synced to the "
                 "disk; interval = at once, "
                 "synced every sync-interval; memory = at once, synced by the system.",
                 {"always", "interval", "memory"});
  options.Duration(&flags.config.sync_interval, "sync-interval",
                   "How often durability=interval syncs.", absl::Milliseconds(1),
                   absl::Minutes(10));
  options.Count(&flags.config.retention.max_events, "retain-events",
                "How many events are kept; 0: no bound.", 0, kAny);
  options.Bytes(&flags.config.retention.max_bytes, "retain-bytes",
                "How many bytes of events are kept; 0: no bound.", 0, kAny);
  options.Duration(&flags.config.retention.max_age, "retain-age",
                   "How long events are kept; 0s: no bound.", absl::ZeroDuration(),
                   absl::Hours(24) * 36'500);
  options.Duration(&flags.config.retention.max_over_age, "retain-incidents",
                   "How long an incident that is resolved or closed is kept after its last event; "
                   "0s: no bound. Active ones are always kept.",
                   absl::ZeroDuration(), absl::Hours(24) * 36'500);
}

void RegisterAlerts(Options& options, HubFlags& flags) {
  options.Bool(&flags.config.alerts.resolve_incidents, "resolve-with-alerts",
               "Resolves an incident when the last of its open alerts is resolved.");
}

void RegisterEngine(Options& options, HubFlags& flags) {
  options.Count(&flags.config.window.max_events, "recent-events",
                "Recent events held in memory for replay.", 1, 10'000'000);
  options.Bytes(&flags.config.window.max_bytes, "recent-bytes",
                "Bytes of recent events held in memory.", 64 * limits::kKiB, kAny);
  options.Count(&flags.config.shard.pending_messages, "pending-messages",
                "Events that wait in memory for one subscriber; past it, it reads from the log.", 1,
                1'000'000);
  options.Count(
      &flags.shards, "shards",
      "Threads that serve subscriptions; 0: half of the cores, at least 2 where there are 2.", 0,
      256);
}

// This port has neither TLS nor authentication of its own.
absl::Status CheckOperations(const ListenAddress& address, bool insecure) {
  if (insecure || address.IsLoopback()) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat("refusing to start: --ops-listen ", address.ToString(),
                   " can be reached from other machines, and this port asks nobody for a token and "
                   "is not encrypted. Listen on 127.0.0.1, or pass --insecure where the network "
                   "itself is trusted"));
}

// Checks everything that can be checked before anything is opened, for --check-config.
absl::Status CheckFlags(const HubFlags& flags) { return HubConfig::From(flags).status(); }

Durability DurabilityNamed(std::string_view name) {
  return name == "interval" ? Durability::kInterval
         : name == "memory" ? Durability::kMemory
                            : Durability::kAlways;
}

absl::Duration BoundOf(absl::Duration flag) {
  return flag > absl::ZeroDuration() ? flag : absl::InfiniteDuration();
}

}  // namespace

void HubFlags::Register(Options& options) {
  RegisterFaces(options, *this);
  RegisterLog(options, *this);
  RegisterAlerts(options, *this);
  RegisterEngine(options, *this);
  options.Reloads({"max-subscriptions"});
  options.Check([this] { return CheckFlags(*this); });
  options.Advise([this] { return AdviseOn(*this, absl::Now()); });
}

absl::StatusOr<HubConfig> HubConfig::From(const HubFlags& flags) {
  HubConfig config = flags.config;
  ASSIGN_OR_RETURN(config.listen,
                   ParseListenAddress(flags.listen, "--listen", UnixSockets::kAllowed));
  RETURN_IF_ERROR(CheckExposure(config.listen,
                                {.tls = config.tls.on(),
                                 .auth = config.auth.on(),
                                 .behind_proxy = flags.behind_proxy,
                                 .insecure = flags.insecure},
                                "--listen"));
  RETURN_IF_ERROR(config.tls.Check());
  ASSIGN_OR_RETURN(config.trusted_proxies,
                   CidrList::Parse(flags.trusted_proxies, "--trusted-proxy"));
  RETURN_IF_ERROR(CheckAuth(config.auth));
  config.serve_ops = !flags.ops_listen.empty();
  if (config.serve_ops) {
    ASSIGN_OR_RETURN(config.ops_listen, ParseListenAddress(flags.ops_listen, "--ops-listen"));
    RETURN_IF_ERROR(CheckOperations(config.ops_listen, flags.insecure));
  }
  if (config.store == "rocksdb" && config.data_dir.empty()) {
    return absl::InvalidArgumentError("--data-dir is empty; give the directory that holds the log");
  }
  config.durability = DurabilityNamed(flags.durability);
  config.retention.max_age = BoundOf(config.retention.max_age);
  config.retention.max_over_age = BoundOf(config.retention.max_over_age);
  config.shards = flags.shards > 0 ? flags.shards : DefaultShards();
  return config;
}

std::string_view DurabilityName(Durability durability) {
  switch (durability) {
    case Durability::kAlways:
      return "always";
    case Durability::kInterval:
      return "interval";
    case Durability::kMemory:
      return "memory";
  }
  return "";
}

}  // namespace tocsin::hub
