#include "core/metrics/memory_gauges.h"

#include "core/base/process_memory.h"

namespace tocsin {
namespace {

using prometheus::Gauge;
using prometheus::Registry;

prometheus::Family<Gauge>& AddFamily(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

Gauge& AddGauge(Registry& registry, const char* name, const char* help) {
  return AddFamily(registry, name, help).Add({});
}

void SetTo(Gauge& gauge, uint64_t value) { gauge.Set(static_cast<double>(value)); }

}  // namespace

MemoryGauges::MemoryGauges(Registry& registry)
    : by_kind_(AddFamily(registry, "tocsin_subscription_memory_bytes",
                         "Bytes that the engine holds for its subscribers, by what they are for.")),
      subscribers_(by_kind_.Add({{"kind", "subscribers"}})),
      subscriptions_(by_kind_.Add({{"kind", "subscriptions"}})),
      index_(by_kind_.Add({{"kind", "index"}})),
      batches_(by_kind_.Add({{"kind", "batches"}})),
      runs_(by_kind_.Add({{"kind", "runs"}})),
      pending_(AddGauge(registry, "tocsin_subscriptions_pending_bytes",
                        "Bytes of the events that wait in memory for subscribers; an event that "
                        "several wait for counts for each.")),
      window_events_(AddGauge(registry, "tocsin_window_events", "Recent events held in memory.")),
      window_bytes_(
          AddGauge(registry, "tocsin_window_bytes", "Bytes of recent events held in memory.")),
      resident_(AddGauge(registry, "process_resident_memory_bytes",
                         "Bytes of the process that are in memory.")) {
  if (ReadHeapUse().has_value()) {
    heap_allocated_ = &AddGauge(registry, "tocsin_heap_allocated_bytes",
                                "Bytes that the program holds of the allocator.");
    heap_active_ = &AddGauge(registry, "tocsin_heap_active_bytes",
                             "Bytes of the pages that hold something of the program's.");
    heap_resident_ = &AddGauge(registry, "tocsin_heap_resident_bytes",
                               "Bytes of the allocator that are in memory, free ones among them.");
  }
}

void MemoryGauges::Set(const MemoryUse& use, const Window& window) {
  SetTo(subscribers_, use.subscriber_bytes);
  SetTo(subscriptions_, use.subscription_bytes);
  SetTo(index_, use.index_bytes);
  SetTo(batches_, use.batch_bytes);
  SetTo(runs_, use.run_bytes);
  SetTo(pending_, use.pending_bytes);
  SetTo(window_events_, window.events());
  SetTo(window_bytes_, window.bytes());
  SetProcess();
}

void MemoryGauges::SetProcess() {
  SetTo(resident_, ResidentBytes());
  const std::optional<HeapUse> heap = ReadHeapUse();
  if (heap.has_value() && heap_allocated_ != nullptr) {
    SetTo(*heap_allocated_, heap->allocated);
    SetTo(*heap_active_, heap->active);
    SetTo(*heap_resident_, heap->resident);
  }
}

}  // namespace tocsin
