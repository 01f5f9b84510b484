// histogram.h: latencies, counted in buckets that are fine enough for percentiles.
//
// Shape:   log-linear: nanoseconds up to 256 exactly, above that 128 buckets for each power of two,
//          so that no figure is off by more than 1 / 128 (0.8 %). 41 KiB, however much is added.
// Threads: not thread-safe; one a thread, merged at the end, or under its owner's mutex.
// Errors:  none: less than zero counts as zero, and what is longer than kLongest is in the last
//          bucket. The largest and the smallest are kept as they were.
// Source:  the idea is Gil Tene's HdrHistogram; docs/adr/0002-libraries.md says why it is not that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"

namespace tocsin::cli::bench {

class Histogram {
 public:
  static constexpr int kBits = 47;
  // 39 hours: longer than a run may last.
  static constexpr absl::Duration kLongest = absl::Nanoseconds((int64_t{1} << kBits) - 1);

  Histogram();

  void Add(absl::Duration latency, uint64_t count = 1);
  void Merge(const Histogram& other);
  void Clear();

  uint64_t count() const { return count_; }
  // All of these are zero when nothing was added.
  absl::Duration Min() const { return absl::Nanoseconds(count_ == 0 ? 0 : min_); }
  absl::Duration Max() const { return absl::Nanoseconds(max_); }
  absl::Duration Mean() const;
  // The least that `percent` of all do not exceed; 0 < percent <= 100. Never below the true one.
  absl::Duration Percentile(double percent) const;
  // How many are at most `latency`, to a bucket.
  uint64_t CountAtMost(absl::Duration latency) const;

 private:
  std::vector<uint64_t> buckets_;
  uint64_t count_ = 0;
  int64_t min_ = 0;  // ns
  int64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace tocsin::cli::bench
