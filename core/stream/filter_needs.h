// filter_needs.h: which filters the subscriptions of all shards have, and which of them what
// arrives is complete for.
//
// Shape:   a window that is filled through a filter (a bridge's) serves only the subscriptions that
//          this filter, the intake, covers. A subscription is added before it may become live, and
//          the intake is chosen from all that have been added: so none is ever live that the intake
//          does not cover. One that is not covered reads the log until the intake is widened.
// Threads: safe; one leaf mutex. The callback runs on the shard's thread, outside the mutex.
// Owns:    shares of the filters, each distinct one once.
// Source:  docs/adr/0010-one-upstream-stream.md
#pragma once

#include <functional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "core/base/mutex.h"
#include "core/event/filter.h"

namespace tocsin {

class FilterNeeds {
 public:
  // Past it nothing narrower than everything is looked for.
  static constexpr size_t kMaxDistinct = 1'000;

  // Called when a filter is added that the intake does not cover. Set before all else.
  void SetOnUncovered(std::function<void()> callback) { on_uncovered_ = std::move(callback); }

  // Of a shard: each Add is taken back by one Remove.
  void Add(const FilterPtr& filter);
  void Remove(const FilterPtr& filter);
  bool Covered(const Filter& filter) const;

  // The intake from here on: everything, or the hull of what has been added (everything when there
  // are too many). Answers it.
  FilterPtr TakeEverything();
  FilterPtr TakeHull();
  // What TakeHull would choose.
  FilterPtr Hull() const;
  FilterPtr intake() const;

 private:
  struct Need {
    FilterPtr filter;
    size_t count = 0;
  };
  FilterPtr HullLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  std::function<void()> on_uncovered_;
  mutable Mutex mutex_;
  absl::flat_hash_map<std::string, Need> needs_ ABSL_GUARDED_BY(mutex_);
  FilterPtr intake_ ABSL_GUARDED_BY(mutex_) = Filter::MatchAll();
};

}  // namespace tocsin
