#include "cli/bench/sequence_check.h"

#include <algorithm>

namespace tocsin::cli::bench {

void SequenceCheck::Take(uint64_t number) {
  if (number >= next_) {
    if (number > next_) Skip({next_, number});
    next_ = number + 1;
    ++received_;
  } else if (TakeLate(number)) {
    ++received_;
    ++out_of_order_;
  } else {
    ++duplicates_;
  }
}

void SequenceCheck::Skip(Range range) {
  if (missing_.size() == kRanges) {
    given_up_ += missing_.front().end - missing_.front().begin;
    missing_.erase(missing_.begin());
  }
  missing_.push_back(range);
}

bool SequenceCheck::TakeLate(uint64_t number) {
  const auto after = std::upper_bound(missing_.begin(), missing_.end(), number,
                                      [](uint64_t n, const Range& range) { return n < range.end; });
  if (after == missing_.end() || number < after->begin) return false;
  const Range range = *after;
  const auto at = missing_.erase(after);
  const Range parts[] = {{range.begin, number}, {number + 1, range.end}};
  auto place = at;
  for (const Range& part : parts) {
    if (part.begin < part.end) place = missing_.insert(place, part) + 1;
  }
  return true;
}

uint64_t SequenceCheck::MissingBelow(uint64_t end) const {
  uint64_t missing = given_up_ + (end > next_ ? end - next_ : 0);
  for (const Range& range : missing_) {
    missing += std::min(range.end, end) - std::min(range.begin, end);
  }
  return missing;
}

}  // namespace tocsin::cli::bench
