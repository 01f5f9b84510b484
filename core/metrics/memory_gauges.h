// memory_gauges.h: gauges of the memory of an engine and of its process. Hub and bridge have the
// same names.
//
// Threads: safe; Set is called at a scrape.
// Owns:    nothing: the gauges live in the registry, which must outlive this.
// Source:  docs/operations.md, "Memory".
#pragma once

#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include "core/stream/memory_use.h"
#include "core/stream/window.h"

namespace tocsin {

class MemoryGauges {
 public:
  explicit MemoryGauges(prometheus::Registry& registry);

  // `use` is the sum over the shards. The process's own numbers are read here.
  void Set(const MemoryUse& use, const Window& window);

 private:
  void SetProcess();

  prometheus::Family<prometheus::Gauge>& by_kind_;
  prometheus::Gauge& subscribers_;
  prometheus::Gauge& subscriptions_;
  prometheus::Gauge& index_;
  prometheus::Gauge& batches_;
  prometheus::Gauge& runs_;
  prometheus::Gauge& pending_;
  prometheus::Gauge& window_events_;
  prometheus::Gauge& window_bytes_;
  prometheus::Gauge& resident_;
  // Absent without jemalloc.
  prometheus::Gauge* heap_allocated_ = nullptr;
  prometheus::Gauge* heap_active_ = nullptr;
  prometheus::Gauge* heap_resident_ = nullptr;
};

}  // namespace tocsin
