#include "core/http/connection_limits.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/event/limits.h"

namespace tocsin::http {
namespace {

// When a place is likely to be free: nothing tells when others go.
constexpr absl::Duration kComeBack = absl::Seconds(5);

absl::Status Full(std::string_view which, size_t most, absl::Duration come_back) {
  return MakeError(ErrorCode::kServiceUnavailable,
                   absl::StrCat("the server has all of the ", most, " connections ",
                                absl::string_view(which.data(), which.size())),
                   {.retry_after = come_back});
}

}  // namespace

void ConnectionLimits::SetBounds(const ConnectionBounds& bounds) {
  MutexLock lock(mutex_);
  bounds_ = bounds;
}

absl::StatusOr<ConnectionLimits::Ticket> ConnectionLimits::Admit(const IpAddress& client) {
  MutexLock lock(mutex_);
  if (connections_ >= bounds_.connections) {
    ++refused_.full;
    return Full("that it may have", bounds_.connections, kComeBack);
  }
  if (unauthenticated_ >= bounds_.unauthenticated && !Planted("unauthenticated-without-bound")) {
    ++refused_.unauthenticated;
    // Each of them shows a token within this time or is ended.
    return Full("that it may have without authentication", bounds_.unauthenticated,
                limits::kFirstMessageTimeout);
  }
  RETURN_IF_ERROR(CountFor(client));
  ++connections_;
  ++unauthenticated_;
  Ticket ticket;
  ticket.limits_ = this;
  ticket.client_ = client;
  ticket.counted_ = Counts(client);
  ticket.reserved_ = IsTight();
  return ticket;
}

absl::Status ConnectionLimits::CountFor(const IpAddress& client) {
  if (!Counts(client)) {
    return absl::OkStatus();
  }
  const auto found = by_address_.find(client.key());
  if (found != by_address_.end() && found->second >= bounds_.per_address &&
      !Planted("address-without-bound")) {
    ++refused_.address;
    return MakeError(
        ErrorCode::kRateLimitExceeded,
        absl::StrCat("an address may have at most ", bounds_.per_address, " connections"),
        {.retry_after = kComeBack});
  }
  ++by_address_[client.key()];
  return absl::OkStatus();
}

void ConnectionLimits::Uncount(const Ticket& ticket) {
  if (!ticket.counted_ || Planted("address-gives-nothing-back")) {
    return;
  }
  const auto found = by_address_.find(ticket.client_.key());
  if (found != by_address_.end() && --found->second == 0) {
    by_address_.erase(found);
  }
}

bool ConnectionLimits::MayBegin(Ticket& ticket, bool returns) {
  MutexLock lock(mutex_);
  if (!returns && IsTight() && !Planted("newcomers-take-the-last-places")) {
    ++refused_.newcomers;
    return false;
  }
  ticket.reserved_ = false;
  return true;
}

absl::Status NewcomersWait() {
  return MakeError(ErrorCode::kServiceUnavailable,
                   "the server is nearly full: only clients that resume after a cursor are let in",
                   {.retry_after = kComeBack});
}

void ConnectionLimits::Authenticate(Ticket& ticket) {
  if (!std::exchange(ticket.authenticated_, true) && !Planted("authenticated-not-noticed")) {
    MutexLock lock(mutex_);
    --unauthenticated_;
  }
}

absl::Status ConnectionLimits::Move(Ticket& ticket, const IpAddress& client) {
  if (client == ticket.client_) {
    return absl::OkStatus();
  }
  MutexLock lock(mutex_);
  const bool same = ticket.counted_ && Counts(client) && client.key() == ticket.client_.key();
  if (!same) {
    RETURN_IF_ERROR(CountFor(client));
    Uncount(ticket);
  }
  ticket.client_ = client;
  ticket.counted_ = Counts(client);
  return absl::OkStatus();
}

void ConnectionLimits::Release(Ticket& ticket) {
  MutexLock lock(mutex_);
  Uncount(ticket);
  if (!ticket.authenticated_) {
    --unauthenticated_;
  }
  if (--connections_ == 0) {
    none_.NotifyAll();
  }
}

size_t ConnectionLimits::connections() const {
  MutexLock lock(mutex_);
  return connections_;
}

size_t ConnectionLimits::unauthenticated() const {
  MutexLock lock(mutex_);
  return unauthenticated_;
}

ConnectionLimits::Refused ConnectionLimits::refused() const {
  MutexLock lock(mutex_);
  return refused_;
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
