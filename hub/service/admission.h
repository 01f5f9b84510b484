// admission.h: who may come in: not while the hub drains, and not more streams than it is set to
// hold.
//
// Threads: safe.
// Errors:  SERVICE_UNAVAILABLE while draining, SUBSCRIPTION_LIMIT_EXCEEDED past the bound; both say
//          when to come back. RATE_LIMIT_EXCEEDED past the bound on publish streams.
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
  // Each may hold PublishStream::kMaxBytes.
  static constexpr size_t kMaxPublishStreams = 1'000;

  explicit Admission(size_t max_subscriptions) : max_subscriptions_(max_subscriptions) {}

  absl::Status CheckOpen() const;
  // Each OK is given back by one Leave.
  absl::Status EnterSubscription();
  void LeaveSubscription();

  // Each OK is given back by one Leave.
  absl::Status EnterPublishStream();
  void LeavePublishStream();

  // From here on nothing comes in.
  void BeginDrain() { draining_.store(true); }
  // While draining: false when some subscriptions or publish streams are left after the time.
  bool WaitEmpty(absl::Duration timeout);
  bool draining() const { return draining_.load(); }
  size_t subscriptions() const { return subscriptions_.load(); }
  // When the next client of a drained hub should come back: one after the other, so that a restart
  // is not followed by a stampede.
  absl::Duration NextReconnectSlot();

 private:
  void Left();

  const size_t max_subscriptions_;
  std::atomic<bool> draining_{false};
  std::atomic<size_t> subscriptions_{0};
  std::atomic<size_t> publish_streams_{0};
  std::atomic<uint64_t> slots_{0};
  Mutex mutex_;
  CondVar emptied_;
};

}  // namespace tocsin::hub
