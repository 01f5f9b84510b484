#include "hub/service/arrivals.h"

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/event/error.h"

namespace tocsin::hub {
namespace {

absl::Status TooLate() {
  return MakeErrorAs(
      ErrorCode::kServiceUnavailable, absl::StatusCode::kDeadlineExceeded,
      absl::StrCat("the request's message did not come whole within ",
                   absl::FormatDuration(Arrivals::kWholeWithin), " of the call's beginning"));
}

absl::Status GaveWay() {
  return MakeError(
      ErrorCode::kServiceUnavailable,
      absl::StrCat("the request's message had not come whole, and other calls waited to be read (",
                   Arrivals::kReading, " are at a time); send it again"),
      {.retry_after = absl::Seconds(1)});
}

absl::Status TooMany() {
  return MakeError(ErrorCode::kRateLimitExceeded,
                   absl::StrCat(Arrivals::kWaiting, " calls wait to be read already"),
                   {.retry_after = absl::Seconds(1)});
}

}  // namespace

void Arrivals::Arrival::GiveWay() { arrivals_->GiveUp(*this, GaveWay()); }

void Arrivals::Begin(Arrival& arrival) {
  TOCSIN_CHECK(!arrival.known_);
  now_ = time_.Look(clock_.Monotonic());
  arrival.arrivals_ = this;
  arrival.known_ = true;
  arrival.begun_ = now_;
  arrival.at_ = all_.insert(all_.end(), &arrival);
  if (Read(arrival)) {
    return;
  }
  if (waiting_.size() >= kWaiting) {
    return GiveUp(arrival, TooMany());
  }
  arrival.waits_ = true;
  arrival.waits_at_ = waiting_.insert(waiting_.end(), &arrival);
}

void Arrivals::Came(Arrival& arrival) {
  if (arrival.known_) {
    Forget(arrival);
    ReadNext();
  }
}

absl::Duration Arrivals::Tick() {
  if (all_.empty()) {
    return absl::InfiniteDuration();
  }
  now_ = time_.Look(clock_.Monotonic());
  while (!all_.empty() && all_.front()->begun_ <= now_ - kWholeWithin) {
    GiveUp(*all_.front(), TooLate());
  }
  ReadNext();
  return clock_.Monotonic() + kLook;
}

void Arrivals::ReadAll() {
  closing_ = true;
  ReadNext();
}

void Arrivals::ReadNext() {
  for (auto next = waiting_.begin(); next != waiting_.end();) {
    Arrival& arrival = **next++;
    if (Read(arrival)) {
      arrival.waits_ = false;
      waiting_.erase(arrival.waits_at_);
    }
  }
}

bool Arrivals::Read(Arrival& arrival) {
  if (!closing_ && !places_.Take(arrival, now_)) {
    return false;
  }
  arrival.reads_since_ = now_;
  arrival.StartRead();
  return true;
}

void Arrivals::GiveUp(Arrival& arrival, const absl::Status& status) {
  Forget(arrival);
  arrival.GiveUp(status);
}

void Arrivals::Forget(Arrival& arrival) {
  arrival.known_ = false;
  all_.erase(arrival.at_);
  places_.Leave(arrival);
  if (arrival.waits_) {
    arrival.waits_ = false;
    waiting_.erase(arrival.waits_at_);
  }
}

}  // namespace tocsin::hub
