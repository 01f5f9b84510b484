// page_choice.h: the first n of many incidents in an order, with memory for a few n.
//
// Shape:   what is worse than n others is dropped as soon as it is known; the others wait in a
//          buffer, which is cut down to the best n when it is full. So an incident costs a
//          comparison, whatever order they come in.
// Threads: a value.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "hub/query/incident_index.h"

namespace tocsin::hub {

class PageChoice {
 public:
  using Entry = IncidentSelection::Entry;

  // `count` is at least 1.
  PageChoice(bool ascending, size_t count)
      : ascending_(ascending), count_(count), room_(2 * count) {}

  // The last of the best n so far; null while fewer were offered, and for some time after.
  const IncidentOrderKey* worst() const { return worst_ ? &worst_->key : nullptr; }

  void Offer(const Entry& entry) {
    if (worst_ && !Before(entry, *worst_)) {
      return;
    }
    best_.push_back(entry);
    if (best_.size() == room_) {
      Cut();
    }
  }

  // The first ones, in order; the choice is empty afterwards.
  std::vector<Entry> Take() {
    if (best_.size() > count_) {
      Cut();
    }
    std::sort(best_.begin(), best_.end(),
              [this](const Entry& a, const Entry& b) { return Before(a, b); });
    return std::move(best_);
  }

 private:
  bool Before(const Entry& a, const Entry& b) const {
    return ascending_ ? a.key < b.key : a.key > b.key;
  }
  void Cut() {
    const auto last = best_.begin() + static_cast<ptrdiff_t>(count_ - 1);
    std::nth_element(best_.begin(), last, best_.end(),
                     [this](const Entry& a, const Entry& b) { return Before(a, b); });
    worst_ = *last;
    best_.resize(count_);
  }

  const bool ascending_;
  const size_t count_;
  const size_t room_;
  std::vector<Entry> best_;
  std::optional<Entry> worst_;  // the last of the best n, once there were more
};

}  // namespace tocsin::hub
