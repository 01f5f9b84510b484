#include "core/stream/cohort.h"

#include "core/base/check.h"
#include "core/base/heap_bytes.h"

namespace tocsin {

Cohort::Cohort(Kind kind) : kind_(kind) {
  if (live()) {
    index_ = std::make_unique<SubscriptionIndex>();
  }
}

void Cohort::Add(Subscription& subscription) {
  TOCSIN_CHECK(subscription.waits_for_room());
  members_.push_back(&subscription);
  subscription.cohort = this;
  subscription.seat = static_cast<uint32_t>(members_.size() - 1);
  if (index_ == nullptr && members_.size() > 1) {
    index_ = std::make_unique<SubscriptionIndex>();
    index_->Add(*members_.front(), members_.front()->filter);
  }
  if (index_ != nullptr) {
    index_->Add(subscription, subscription.filter);
    subscription.filter = subscription.entry->filter;  // one for all who have it
  }
}

void Cohort::Remove(Subscription& subscription) {
  TOCSIN_CHECK(subscription.cohort == this);
  if (index_ != nullptr) {
    index_->Remove(subscription);
  }
  Subscription* const last = members_.back();
  members_[subscription.seat] = last;
  last->seat = subscription.seat;
  members_.pop_back();
  ShrinkWhenSparse(members_);
  subscription.cohort = nullptr;
}

Cursor Cohort::PlaceOf(const Subscription& member) const {
  return member.place.sequence > place.sequence ? member.place : place;
}

size_t Cohort::bytes() const {
  size_t bytes = live() ? 0 : sizeof(*this) + sizeof(CohortsByPlace::value_type);
  bytes += HeapBytes(members_) + (reading == nullptr ? 0 : sizeof(*reading));
  return bytes + (index_ == nullptr ? 0 : index_->bytes() + index_->match_bytes()) +
         (live() || index_ == nullptr ? 0 : sizeof(*index_));
}

Cursor ReachedBy(const Subscription& part) {
  return part.cohort == nullptr ? part.place : part.cohort->PlaceOf(part);
}

Place PlaceOf(const Subscription& part) {
  const Subscription& whole = part.whole != nullptr ? *part.whole : part;
  if (whole.stretch != nullptr && !whole.stretch->empty()) {
    return whole.stretch->from();
  }
  const Cursor reached = ReachedBy(whole);
  return whole.rest == nullptr ? Place(reached) : Place(ReachedBy(*whole.rest), reached);
}

}  // namespace tocsin
