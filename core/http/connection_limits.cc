#include "core/http/connection_limits.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/event/error.h"

namespace tocsin::http {

absl::StatusOr<ConnectionLimits::Ticket> ConnectionLimits::Admit(const AddressKey& key,
                                                                 bool loopback) {
  MutexLock lock(mutex_);
  if (connections_ >= max_connections_) {
    return MakeError(ErrorCode::kServiceUnavailable,
                     absl::StrCat("the server has all of the ", max_connections_,
                                  " connections that it may have"),
                     {.retry_after = absl::Seconds(5)});
  }
  if (!loopback) {
    uint32_t& count = by_address_[key];
    if (count >= max_per_address_) {
      return MakeError(
          ErrorCode::kRateLimitExceeded,
          absl::StrCat("an address may have at most ", max_per_address_, " connections"),
          {.retry_after = absl::Seconds(5)});
    }
    ++count;
  }
  ++connections_;
  Ticket ticket;
  ticket.limits_ = this;
  ticket.key_ = key;
  ticket.counted_ = !loopback;
  return ticket;
}

void ConnectionLimits::Release(Ticket& ticket) {
  MutexLock lock(mutex_);
  if (ticket.counted_) {
    const auto found = by_address_.find(ticket.key_);
    if (found != by_address_.end() && --found->second == 0) {
      by_address_.erase(found);
    }
  }
  if (--connections_ == 0) {
    none_.NotifyAll();
  }
}

size_t ConnectionLimits::connections() const {
  MutexLock lock(mutex_);
  return connections_;
}

bool ConnectionLimits::WaitForNone(absl::Duration timeout) {
  MutexLock lock(mutex_);
  const absl::Time deadline = absl::Now() + timeout;
  while (connections_ > 0) {
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) {
      return false;
    }
    none_.WaitFor(mutex_, left);
  }
  return true;
}

}  // namespace tocsin::http
