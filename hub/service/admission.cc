#include "hub/service/admission.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/planted.h"
#include "core/base/reserved_places.h"
#include "core/event/error.h"

namespace tocsin::hub {
namespace {

// A hub is usually back within a second. It then takes 500 returning clients a second easily.
constexpr absl::Duration kFirstSlot = absl::Milliseconds(100);
constexpr absl::Duration kSlotStep = absl::Milliseconds(2);
constexpr absl::Duration kLastSlot = absl::Seconds(10);

}  // namespace

absl::Status Admission::CheckOpen() const {
  if (!draining_.load()) {
    return absl::OkStatus();
  }
  return MakeError(ErrorCode::kServiceUnavailable, "the hub is shutting down; come back shortly",
                   {.retry_after = absl::Seconds(1)});
}

absl::Status Admission::EnterSubscription(bool returns) {
  if (absl::Status open = CheckOpen(); !open.ok()) {
    return open;
  }
  const size_t all = max_subscriptions_.load();
  const bool first_come = returns || Planted("newcomers-take-the-hubs-last-places");
  const size_t most = first_come ? all : all - ReservedOf(all);
  if (subscriptions_.fetch_add(1) < most) {
    return absl::OkStatus();
  }
  subscriptions_.fetch_sub(1);
  return MakeError(ErrorCode::kSubscriptionLimitExceeded,
                   most == all
                       ? absl::StrCat("the hub holds its ", all, " subscriptions already")
                       : absl::StrCat("the hub holds ", most, " of its ", all,
                                      " subscriptions, and keeps the others for those who resume"),
                   {.retry_after = absl::Seconds(5)});
}

void Admission::LeaveSubscription() {
  subscriptions_.fetch_sub(1);
  Left();
}

absl::Status Admission::EnterPublishStream() {
  absl::Status open = CheckOpen();
  if (open.ok()) {
    publish_streams_.fetch_add(1);
  }
  return open;
}

void Admission::LeavePublishStream() {
  publish_streams_.fetch_sub(1);
  Left();
}

void Admission::Left() {
  if (draining_.load()) {
    MutexLock lock(mutex_);
    emptied_.NotifyAll();
  }
}

bool Admission::WaitEmpty(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  MutexLock lock(mutex_);
  while (subscriptions_.load() + publish_streams_.load() > 0) {
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) {
      return false;
    }
    emptied_.WaitFor(mutex_, left);
  }
  return true;
}

absl::Duration Admission::NextReconnectSlot() {
  return kFirstSlot + std::min(kLastSlot, static_cast<int64_t>(slots_.fetch_add(1)) * kSlotStep);
}

}  // namespace tocsin::hub
