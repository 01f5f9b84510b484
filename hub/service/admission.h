// admission.h: decides which calls are let in: none while the hub drains, and no more streams than
// it is configured to hold.
//
// Threads: safe.
// Errors:  SERVICE_UNAVAILABLE while draining, SUBSCRIPTION_LIMIT_EXCEEDED past the bound; both say
//          when to try again.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"

namespace tocsin::hub {

class Admission {
 public:
  explicit Admission(size_t max_subscriptions) : max_subscriptions_(max_subscriptions) {}

  // Those that are more already stay.
  void SetMaxSubscriptions(size_t most) { max_subscriptions_.store(most); }
  absl::Status CheckOpen() const;
  // Each OK is matched by one Leave.
  // `returns`: it goes on after a cursor. The last places are for those (core/base/reserved_places.h).
  absl::Status EnterSubscription(bool returns);
  void LeaveSubscription();

  // Each OK is given back by one Leave. How many there may be is their shard's matter.
  absl::Status EnterPublishStream();
  void LeavePublishStream();

  // From here on no call is let in.
  void BeginDrain() { draining_.store(true); }
  // While draining: waits until no subscription or publish stream is left. Returns false when some
  // are left after the time.
  bool WaitEmpty(absl::Duration timeout);
  bool draining() const { return draining_.load(); }
  size_t subscriptions() const { return subscriptions_.load(); }
  // How long the next client of a drained hub should wait before it comes back. Each gets a later
  // slot, so that they do not all come back at once.
  absl::Duration NextReconnectSlot();

 private:
  void Left();

  std::atomic<size_t> max_subscriptions_;
  std::atomic<bool> draining_{false};
  std::atomic<size_t> subscriptions_{0};
  std::atomic<size_t> publish_streams_{0};
  std::atomic<uint64_t> slots_{0};
  Mutex mutex_;
  CondVar emptied_;
};

}  // namespace tocsin::hub
