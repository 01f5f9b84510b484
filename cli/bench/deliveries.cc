#include "cli/bench/deliveries.h"

#include <algorithm>

namespace tocsin::cli::bench {
namespace {

// How often WaitForAll looks: it walks over all subscribers.
constexpr absl::Duration kLook = absl::Milliseconds(20);

}  // namespace

Deliveries::Deliveries(uint64_t subscribers, bool listening, InFlight& in_flight, Clock& clock)
    : listening_(listening), in_flight_(in_flight), clock_(clock), subscribers_(subscribers) {}

void Deliveries::Ready(uint64_t subscriber) {
  MutexLock lock(mutex_);
  if (subscribers_[subscriber].ready) return;
  subscribers_[subscriber].ready = true;
  ++figures_.ready;
  if (figures_.ready + ended_ >= subscribers_.size()) changed_.NotifyAll();
}

void Deliveries::Take(uint64_t subscriber, std::span<const Delivery> events, uint64_t bytes) {
  const absl::Duration now = clock_.Monotonic();
  const absl::Time wall = listening_ ? clock_.Now() : absl::Time();
  {
    MutexLock lock(mutex_);
    for (const Delivery& event : events) {
      Check(subscribers_[subscriber], event);
      interval_.latency.Add(listening_ ? wall - event.accepted : now - event.stamp.due);
    }
    figures_.deliveries += events.size();
    figures_.bytes += bytes;
    figures_.last = now;
    interval_.deliveries += events.size();
  }
  if (!listening_) in_flight_.Release(events.size());
}

void Deliveries::Check(Subscriber& subscriber, const Delivery& event) {
  if (!listening_) return subscriber.check.Take(event.stamp.number);
  if (event.sequence == subscriber.last_sequence) ++figures_.duplicates;
  if (event.sequence < subscriber.last_sequence) ++figures_.out_of_order;
  subscriber.last_sequence = std::max(subscriber.last_sequence, event.sequence);
}

void Deliveries::TakeForeign(uint64_t) {
  MutexLock lock(mutex_);
  ++figures_.foreign;
}

void Deliveries::TakeGap(uint64_t) {
  MutexLock lock(mutex_);
  ++figures_.gaps;
}

void Deliveries::Ended(uint64_t subscriber, const SubscriberEnd& end) {
  uint64_t received;
  {
    MutexLock lock(mutex_);
    Subscriber& it = subscribers_[subscriber];
    if (it.ended) return;
    if (!closing_) {
      it.ended = true;
      ++ended_;
      ++figures_.disconnected;
      ++figures_.errors[end.code];
      if (first_end_.code.empty()) first_end_ = end;
    }
    received = it.check.received();
    changed_.NotifyAll();
  }
  in_flight_.ReceiverLeft(received);
}

void Deliveries::Closing() {
  MutexLock lock(mutex_);
  closing_ = true;
}

bool Deliveries::WaitOpened(absl::Duration most) {
  const absl::Duration end = clock_.Monotonic() + most;
  MutexLock lock(mutex_);
  while (figures_.ready < subscribers_.size() && ended_ == 0) {
    const absl::Duration left = end - clock_.Monotonic();
    if (left <= absl::ZeroDuration()) return false;
    changed_.WaitFor(mutex_, left);
  }
  return true;
}

bool Deliveries::WaitAllEnded(absl::Duration most) {
  const absl::Duration end = clock_.Monotonic() + most;
  MutexLock lock(mutex_);
  while (ended_ < subscribers_.size()) {
    const absl::Duration left = end - clock_.Monotonic();
    if (left <= absl::ZeroDuration()) return false;
    changed_.WaitFor(mutex_, left);
  }
  return true;
}

uint64_t Deliveries::ready() {
  MutexLock lock(mutex_);
  return figures_.ready;
}

uint64_t Deliveries::alive() {
  MutexLock lock(mutex_);
  return subscribers_.size() - ended_;
}

SubscriberEnd Deliveries::first_end() {
  MutexLock lock(mutex_);
  return first_end_;
}

uint64_t Deliveries::Lost(const Published& published) const {
  uint64_t lost = 0;
  for (const Subscriber& subscriber : subscribers_) {
    if (subscriber.ended) continue;
    const uint64_t missing = subscriber.check.MissingBelow(published.answered);
    lost += missing - std::min(missing, published.refused);
  }
  return lost;
}

bool Deliveries::WaitForAll(const Published& published, absl::Duration quiet, absl::Duration most) {
  const absl::Duration start = clock_.Monotonic();
  MutexLock lock(mutex_);
  while (ended_ < subscribers_.size() && Lost(published) > 0) {
    const absl::Duration now = clock_.Monotonic();
    if (now - std::max(figures_.last, start) > quiet || now - start > most) return false;
    changed_.WaitFor(mutex_, kLook);
  }
  return true;
}

void Deliveries::Fold() {
  figures_.latency.Merge(interval_.latency);
  interval_ = DeliveryInterval();
}

DeliveryInterval Deliveries::TakeInterval() {
  MutexLock lock(mutex_);
  DeliveryInterval taken = interval_;
  Fold();
  return taken;
}

DeliveryFigures Deliveries::Figures(const Published& published) {
  MutexLock lock(mutex_);
  Fold();
  DeliveryFigures figures = figures_;
  figures.lost = listening_ ? 0 : Lost(published);
  for (const Subscriber& subscriber : subscribers_) {
    figures.out_of_order += subscriber.check.out_of_order();
    figures.duplicates += subscriber.check.duplicates();
  }
  return figures;
}

}  // namespace tocsin::cli::bench
