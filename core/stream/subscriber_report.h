// subscriber_report.h: where a subscriber and its subscriptions stand, for whoever asks.
//
// Threads: a value; made on the shard's thread (Shard::Report).
#pragma once

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "core/event/cursor.h"
#include "core/event/filter.h"
#include "core/stream/sink.h"

namespace tocsin {

struct SubscriptionReport {
  SubscriptionTag tag = 0;
  FilterPtr filter;  // as it was asked for
  bool live = false;
  // It has been given everything up to here. Epoch 0: the log has not said yet where it begins.
  Place place;
  // How many events of the log come after `place`, of a split one after where its ordinary events
  // stand; 0 for one that is live, and while the place is not known.
  uint64_t behind = 0;
};

struct SubscriberReport {
  std::vector<SubscriptionReport> subscriptions;
  Place sent;              // of what was handed to the sink last; epoch 0: nothing yet
  absl::Duration sent_at;  // by the monotonic clock
  // Events that wait for the write in flight to end.
  uint64_t waiting_bytes = 0;
};

}  // namespace tocsin
