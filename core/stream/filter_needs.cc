#include "core/stream/filter_needs.h"

#include <vector>

#include "core/base/check.h"
#include "core/event/filter_hull.h"

namespace tocsin {

void FilterNeeds::Add(const FilterPtr& filter) {
  bool covered = true;
  {
    MutexLock lock(mutex_);
    Need& need = needs_[filter->key()];
    need.filter = filter;
    ++need.count;
    covered = Covers(*intake_, *filter);
  }
  if (!covered && on_uncovered_) {
    on_uncovered_();
  }
}

void FilterNeeds::Remove(const FilterPtr& filter) {
  MutexLock lock(mutex_);
  const auto found = needs_.find(filter->key());
  TOCSIN_CHECK(found != needs_.end());
  if (--found->second.count == 0) {
    needs_.erase(found);
  }
}

bool FilterNeeds::Covered(const Filter& filter) const {
  MutexLock lock(mutex_);
  return Covers(*intake_, filter);
}

FilterPtr FilterNeeds::TakeEverything() {
  MutexLock lock(mutex_);
  return intake_ = Filter::MatchAll();
}

FilterPtr FilterNeeds::TakeHull() {
  MutexLock lock(mutex_);
  return intake_ = HullLocked();
}

FilterPtr FilterNeeds::Hull() const {
  MutexLock lock(mutex_);
  return HullLocked();
}

FilterPtr FilterNeeds::HullLocked() const {
  if (needs_.size() > kMaxDistinct) {
    return Filter::MatchAll();
  }
  std::vector<FilterPtr> filters;
  filters.reserve(needs_.size());
  for (const auto& [key, need] : needs_) {
    filters.push_back(need.filter);
  }
  return HullOf(filters);
}

FilterPtr FilterNeeds::intake() const {
  MutexLock lock(mutex_);
  return intake_;
}

}  // namespace tocsin
