#include "core/stream/cohort_table.h"

#include <utility>

#include "core/stream/log_queue.h"

namespace tocsin {

Cohort& CohortTable::Add(const Cursor& place) {
  const auto added =
      behind_.emplace(place.sequence, std::make_unique<Cohort>(Cohort::Kind::kBehind));
  Cohort& cohort = *added->second;
  cohort.place = place;
  cohort.position = added;
  return cohort;
}

void CohortTable::CloseIfEmpty(Cohort& cohort) {
  if (cohort.live() || !cohort.empty() || cohort.being_served) {
    return;
  }
  if (cohort.ready) {
    std::erase(ready_, &cohort);
  }
  if (cohort.reading != nullptr) {
    EndReading(cohort);
    bell_.Wake();  // another cohort may read now
  }
  behind_.erase(cohort.position);
}

void CohortTable::Move(Cohort& cohort, const Cursor& place) {
  cohort.place = place;
  if (!cohort.live()) {
    auto node = behind_.extract(cohort.position);
    node.key() = place.sequence;
    cohort.position = behind_.insert(std::move(node));
  }
}

Cohort* CohortTable::NearBefore(Sequence place) const {
  for (auto next = behind_.upper_bound(place); next != behind_.begin();) {
    --next;
    if (place - next->first > LogQueue::kNear) {
      return nullptr;
    }
    // The window may just have dropped the place of the one that is being served.
    if (next->second->reading == nullptr && !next->second->being_served) {
      return next->second.get();
    }
  }
  return nullptr;
}

std::vector<Cohort*> CohortTable::Between(Sequence first, Sequence last) const {
  std::vector<Cohort*> found;
  const auto end = behind_.upper_bound(last);
  for (auto next = behind_.lower_bound(first); next != end; ++next) {
    found.push_back(next->second.get());
  }
  return found;
}

void CohortTable::BeginReading(Cohort& cohort, std::unique_ptr<Reading> reading) {
  cohort.reading = std::move(reading);
  readings_.push_back(&cohort);
}

void CohortTable::EndReading(Cohort& cohort) {
  std::erase(readings_, &cohort);
  cohort.reading.reset();
}

void CohortTable::MakeReady(Cohort& cohort) {
  if (!cohort.ready) {
    cohort.rests_since.reset();
    PutBack(cohort);
    bell_.Wake();
  }
}

void CohortTable::PutBack(Cohort& cohort) {
  cohort.ready = true;
  ready_.push_back(&cohort);
}

Cohort& CohortTable::TakeReady() {
  Cohort& cohort = *ready_.front();
  ready_.pop_front();
  cohort.ready = false;
  return cohort;
}

size_t CohortTable::bytes() const {
  size_t bytes = live_.bytes();
  for (const auto& [place, cohort] : behind_) {
    bytes += cohort->bytes();
  }
  return bytes;
}

}  // namespace tocsin
