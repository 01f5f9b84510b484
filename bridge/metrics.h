// metrics.h: what the bridge counts (docs/protocol.md, section 9).
//
// Threads: every counter may be touched from any thread.
// Owns:    the registry.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/metrics/auth_metrics.h"
#include "core/metrics/memory_gauges.h"

namespace tocsin::bridge {

// The alerts of senders that speak a format of their own, by sender and by what became of them.
class AlertCounter {
 public:
  explicit AlertCounter(prometheus::Registry& registry);
  // `outcome`: taken, duplicate, left_out, refused (a body that is none of the format), or
  // truncated (by the sender).
  void Count(std::string_view source, std::string_view outcome, size_t alerts);

 private:
  prometheus::Family<prometheus::Counter>& family_;
};

// What limits refused, by limit. The numbers are kept elsewhere, and set here when asked for.
class RefusedCounter {
 public:
  explicit RefusedCounter(prometheus::Registry& registry);
  void Set(std::string_view limit, uint64_t refused);

 private:
  Mutex mutex_;  // of who sets: several may ask at the same time
  prometheus::Family<prometheus::Counter>& family_ ABSL_GUARDED_BY(mutex_);
};

class Metrics {
  // First: the counters below live in it.
  prometheus::Registry registry_;

 public:
  Metrics();

  prometheus::Gauge& active_connections;
  prometheus::Counter& total_connections;
  prometheus::Gauge& active_subscriptions;
  prometheus::Counter& messages_sent;
  prometheus::Counter& messages_received;
  prometheus::Counter& events_broadcast;
  prometheus::Counter& events_delivered;
  prometheus::Counter& connection_errors;
  prometheus::Counter& send_errors;
  prometheus::Histogram& session_duration_seconds;
  prometheus::Histogram& message_latency_seconds;
  prometheus::Gauge& broadcast_channel_usage_ratio;
  prometheus::Gauge& graphql_connections;
  prometheus::Gauge& event_streams;
  prometheus::Counter& events_streamed;
  prometheus::Gauge& snapshots_running;
  prometheus::Gauge& snapshots_waiting;
  prometheus::Gauge& hub_connected;
  prometheus::Counter& hub_reconnects;
  prometheus::Counter& tls_handshake_failures;
  prometheus::Counter& proxy_header_failures;
  RefusedCounter refused;
  prometheus::Gauge& unauthenticated_connections;
  prometheus::Gauge& connections;
  prometheus::Gauge& connection_memory_bytes;
  prometheus::Gauge& subscriptions;
  AlertCounter alerts;
  MemoryGauges memory;
  AuthMetrics auth;

  // Prometheus' text form.
  std::string Text() const;
};

}  // namespace tocsin::bridge
