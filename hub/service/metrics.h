// metrics.h: the hub's metrics for Prometheus.
//
// Shape:   counters are incremented as things happen; gauges are read when the metrics are asked
//          for, and passed to Render.
// Threads: safe.
// Owns:    the registry. Labels of subscribers are chosen by clients, so only a bounded number of
//          them have a series of their own; the others share one.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "core/auth/authenticator.h"
#include "core/event/error.h"
#include "core/stream/memory_use.h"
#include "core/stream/window.h"
#include "hub/publish.h"
#include "hub/service/acceptor.h"

namespace tocsin::hub {

// Values that are read when the metrics are asked for.
struct HubGauges {
  double uptime_seconds = 0;
  bool accepts_publish = true;
  bool draining = false;
  uint64_t open_alerts = 0;
  uint64_t subscriptions = 0;
  uint64_t subscriptions_live = 0;
  uint64_t snapshots_running = 0;
  uint64_t snapshots_waiting = 0;
  uint64_t snapshots_begun = 0;
  uint64_t log_events = 0;
  uint64_t log_bytes = 0;
  uint64_t log_last_sequence = 0;
  bool log_damaged = false;
  uint64_t incidents_active = 0;
  uint64_t incidents_over = 0;
  uint64_t incident_bytes = 0;
  uint64_t incident_index_bytes = 0;
  // Counted by the shards since the start.
  uint64_t delivered = 0;
  uint64_t writes = 0;
  uint64_t fell_behind = 0;
  uint64_t stuck = 0;
  Acceptor::Refused connections_refused;
  uint64_t connections_dropped = 0;
  // Summed over the shards.
  MemoryUse memory;
};

class HubMetrics {
 public:
  HubMetrics();
  ~HubMetrics();
  HubMetrics(const HubMetrics&) = delete;
  HubMetrics& operator=(const HubMetrics&) = delete;

  // A publish of that many events has arrived, and has been answered.
  void PublishBegun(size_t events);
  void PublishAnswered(size_t events, size_t published, size_t duplicates);
  void PublishRefused(size_t events, ErrorCode code);
  // An alert has been answered, refused, or has ended by itself.
  void AlertAnswered(const AlertAnswer& answer);
  void AlertRefused(ErrorCode code);
  void AlertEnded(const AlertAnswer& answer);
  // One group commit.
  void Committed(size_t events, absl::Duration took);

  // Counts a subscription under its label while it is open. Returns the series to close it under.
  std::string SubscriptionOpened(std::string_view label);
  void SubscriptionClosed(const std::string& series);

  // The text format, version 0.0.4.
  std::string Render(const HubGauges& gauges, const Window& window,
                     const Authenticator& authenticator);

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::hub
