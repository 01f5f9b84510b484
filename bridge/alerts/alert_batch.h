// alert_batch.h: the alerts of one body, as the readers of the formats give them.
//
// Threads: values.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/alerts/alert_mapping.h"
#include "core/event/limits.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::bridge {

// Alerts in one body; a storm of more is cut by the sender (Alertmanager's max_alerts).
inline constexpr size_t kAlertsPerBody = 10'000;
inline constexpr size_t kAlertBodyBytes = 16 * limits::kMiB;

struct AlertBatch {
  struct LeftOut {
    size_t place;  // in the sender's list
    absl::Status why;
  };

  std::vector<v1::SubmitAlertRequest> alerts;
  std::vector<size_t> places;  // of each
  std::vector<LeftOut> left_out;
  uint64_t truncated = 0;  // the sender says that it left out so many itself
};

// What a reader reads with.
struct AlertReading {
  const AlertMapping& mapping;
  absl::Time now;
};

}  // namespace tocsin::bridge
