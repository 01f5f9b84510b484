// metrics.h: the hub's numbers, as Prometheus reads them.
//
// Shape:   what happens is counted as it happens; what stands is read at the scrape and handed to
//          Render.
// Threads: safe.
// Owns:    the registry. Subscribers' labels come from clients: so many at a time have a series
//          each, the others share one.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "core/event/error.h"
#include "core/stream/memory_use.h"
#include "core/stream/window.h"

namespace tocsin::hub {

// As it stands at a scrape.
struct HubGauges {
  double uptime_seconds = 0;
  bool accepts_publish = true;
  bool draining = false;
  uint64_t subscriptions = 0;
  uint64_t subscriptions_live = 0;
  uint64_t log_events = 0;
  uint64_t log_bytes = 0;
  uint64_t log_last_sequence = 0;
  bool log_damaged = false;
  // Counted by the shards since the start.
  uint64_t delivered = 0;
  uint64_t writes = 0;
  uint64_t fell_behind = 0;
  uint64_t stuck = 0;
  // Summed over the shards.
  MemoryUse memory;
};

class HubMetrics {
 public:
  HubMetrics();
  ~HubMetrics();
  HubMetrics(const HubMetrics&) = delete;
  HubMetrics& operator=(const HubMetrics&) = delete;

  // A publish of so many events has come, and has been answered.
  void PublishBegun(size_t events);
  void PublishAnswered(size_t events, size_t published, size_t duplicates);
  void PublishRefused(size_t events, ErrorCode code);
  // One group commit.
  void Committed(size_t events, absl::Duration took);

  // A subscription's label, counted while it is open. Answers the series to close it under.
  std::string SubscriptionOpened(std::string_view label);
  void SubscriptionClosed(const std::string& series);

  // The text format, version 0.0.4.
  std::string Render(const HubGauges& gauges, const Window& window);

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::hub
