// intake_policy.h: when the bridge asks the hub for everything, and when only for what its clients
// need.
//
// Shape:   everything at first. Once fewer than one event in kWorthIt has been delivered to anybody
//          for a while, the hull of the clients' filters, if that is less. As soon as somebody
//          needs what does not come, everything again: one change serves all who come after.
// Threads: Look on the upstream's; the rest is its own.
// Source:  docs/adr/0010-one-upstream-stream.md, with the break-even that was measured.
#pragma once

#include <cstdint>
#include <functional>

#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/stream/filter_needs.h"

namespace tocsin::bridge {

class IntakePolicy {
 public:
  // Deliveries an event, below which a filter at the hub pays.
  static constexpr uint64_t kWorthIt = 5;
  // Too few to matter: ten a second.
  static constexpr uint64_t kFewEventsPerSecond = 10;

  // `delivered`: what was handed to clients since the start. `period` of zero: always everything.
  IntakePolicy(FilterNeeds& needs, Clock& clock, absl::Duration period,
               std::function<uint64_t()> delivered);

  void Received(size_t events) { received_ += events; }
  // True when the hull should be asked for now.
  bool ShouldNarrow();
  // The intake has changed: what was counted before says nothing any more.
  void Restart();

 private:
  FilterNeeds& needs_;
  Clock& clock_;
  const absl::Duration period_;
  const std::function<uint64_t()> delivered_;
  absl::Duration since_;
  uint64_t received_ = 0;
  uint64_t delivered_before_ = 0;
};

}  // namespace tocsin::bridge
