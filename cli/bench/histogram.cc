// A value's bucket is given by its highest 8 bits and their position. Below 256 it is the value; above,
// each power of two has the 128 buckets whose highest bit is set, and they follow without a hole.
#include "cli/bench/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace tocsin::cli::bench {
namespace {

constexpr int kExactBits = 8;
constexpr uint64_t kHalf = uint64_t{1} << (kExactBits - 1);  // buckets of a power of two

size_t BucketOf(int64_t nanoseconds) {
  const auto value = static_cast<uint64_t>(nanoseconds);
  const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - kExactBits);
  return static_cast<size_t>(shift * kHalf + (value >> shift));
}

// The largest value that falls into the bucket.
int64_t UpperOf(size_t bucket) {
  if (bucket < 2 * kHalf) return static_cast<int64_t>(bucket);
  const auto shift = static_cast<int>(bucket / kHalf) - 1;
  const uint64_t high = kHalf + bucket % kHalf;
  return static_cast<int64_t>(((high + 1) << shift) - 1);
}

int64_t Clamped(absl::Duration latency) {
  return std::max<int64_t>(0, absl::ToInt64Nanoseconds(std::min(latency, Histogram::kLongest)));
}

}  // namespace

Histogram::Histogram() : buckets_(BucketOf((int64_t{1} << kBits) - 1) + 1) {}

void Histogram::Add(absl::Duration latency, uint64_t count) {
  if (count == 0) return;
  const int64_t exact = std::max<int64_t>(0, absl::ToInt64Nanoseconds(latency));
  buckets_[BucketOf(Clamped(latency))] += count;
  min_ = count_ == 0 ? exact : std::min(min_, exact);
  max_ = std::max(max_, exact);
  sum_ += static_cast<double>(exact) * static_cast<double>(count);
  count_ += count;
}

void Histogram::Merge(const Histogram& other) {
  if (other.count_ == 0) return;
  for (size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  min_ = count_ == 0 ? other.min_ : std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
  count_ += other.count_;
}

void Histogram::Clear() { *this = Histogram(); }

absl::Duration Histogram::Mean() const {
  return count_ == 0 ? absl::ZeroDuration() : absl::Nanoseconds(sum_ / static_cast<double>(count_));
}

absl::Duration Histogram::Percentile(double percent) const {
  const auto rank = static_cast<uint64_t>(
      std::ceil(std::clamp(percent, 0.0, 100.0) / 100 * static_cast<double>(count_)));
  uint64_t passed = 0;
  for (size_t i = 0; i < buckets_.size(); ++i) {
    passed += buckets_[i];
    if (passed < std::max<uint64_t>(rank, 1)) continue;
    return i + 1 == buckets_.size() ? Max() : absl::Nanoseconds(std::min(UpperOf(i), max_));
  }
  return Max();
}

uint64_t Histogram::CountAtMost(absl::Duration latency) const {
  if (latency < absl::ZeroDuration()) return 0;
  const size_t last = BucketOf(Clamped(latency));
  uint64_t count = 0;
  for (size_t i = 0; i <= last; ++i) count += buckets_[i];
  return count;
}

}  // namespace tocsin::cli::bench
