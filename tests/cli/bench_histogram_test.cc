#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "cli/bench/histogram.h"

namespace tocsin::cli::bench {
namespace {

// Sorted values, and the rule by which a percentile is one of them.
absl::Duration Oracle(const std::vector<int64_t>& sorted, double percent) {
  const auto rank =
      static_cast<size_t>(std::ceil(percent / 100 * static_cast<double>(sorted.size())));
  return absl::Nanoseconds(sorted[std::max<size_t>(rank, 1) - 1]);
}

// From nanoseconds to hours, all magnitudes alike.
std::vector<int64_t> Latencies(size_t count, unsigned seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> magnitude(0, 13);
  std::vector<int64_t> values;
  for (size_t i = 0; i < count; ++i) {
    values.push_back(static_cast<int64_t>(std::pow(10, magnitude(random))));
  }
  return values;
}

void ExpectLike(const Histogram& histogram, std::vector<int64_t> values) {
  std::sort(values.begin(), values.end());
  for (const double percent : {0.01, 1.0, 25.0, 50.0, 90.0, 99.0, 99.9, 99.99, 100.0}) {
    const absl::Duration exact = Oracle(values, percent);
    const absl::Duration found = histogram.Percentile(percent);
    EXPECT_GE(found, exact) << percent;
    EXPECT_LE(found, exact * 1.01) << percent;
  }
  EXPECT_EQ(histogram.Min(), absl::Nanoseconds(values.front()));
  EXPECT_EQ(histogram.Max(), absl::Nanoseconds(values.back()));
  EXPECT_EQ(histogram.count(), values.size());
}

TEST(HistogramTest, PercentilesAreWithinOnePercentOfASortedList) {
  for (const size_t count : {size_t{1}, size_t{2}, size_t{3}, size_t{1000}, size_t{50'000}}) {
    const std::vector<int64_t> values = Latencies(count, static_cast<unsigned>(count));
    Histogram histogram;
    for (const int64_t value : values) histogram.Add(absl::Nanoseconds(value));
    ExpectLike(histogram, values);
  }
}

TEST(HistogramTest, EveryBucketsEdgesAreWithinOnePercent) {
  for (int bits = 0; bits < Histogram::kBits; ++bits) {
    for (const int64_t value : {(int64_t{1} << bits) - 1, int64_t{1} << bits}) {
      Histogram histogram;
      histogram.Add(absl::Nanoseconds(value));
      histogram.Add(Histogram::kLongest);
      EXPECT_GE(histogram.Percentile(50), absl::Nanoseconds(value));
      EXPECT_LE(absl::ToInt64Nanoseconds(histogram.Percentile(50)), value + value / 100) << value;
    }
  }
}

TEST(HistogramTest, AMergeIsAsIfAllHadBeenAddedToOne) {
  const std::vector<int64_t> first = Latencies(5000, 1);
  const std::vector<int64_t> second = Latencies(300, 2);
  Histogram a, b, empty;
  for (const int64_t value : first) a.Add(absl::Nanoseconds(value));
  for (const int64_t value : second) b.Add(absl::Nanoseconds(value));
  a.Merge(empty);
  a.Merge(b);
  empty.Merge(a);
  std::vector<int64_t> all = first;
  all.insert(all.end(), second.begin(), second.end());
  ExpectLike(a, all);
  ExpectLike(empty, all);
}

TEST(HistogramTest, ACountIsThatManyOfTheSame) {
  Histogram one, many;
  one.Add(absl::Milliseconds(3), 1000);
  for (int i = 0; i < 1000; ++i) many.Add(absl::Milliseconds(3));
  EXPECT_EQ(one.count(), many.count());
  EXPECT_EQ(one.Percentile(50), many.Percentile(50));
  EXPECT_EQ(one.Mean(), absl::Milliseconds(3));
}

TEST(HistogramTest, WhatIsOutOfRangeIsCountedAtItsEnd) {
  Histogram histogram;
  histogram.Add(absl::Milliseconds(-5));
  histogram.Add(absl::Hours(1000));
  EXPECT_EQ(histogram.count(), 2u);
  EXPECT_EQ(histogram.Min(), absl::ZeroDuration());
  EXPECT_EQ(histogram.Percentile(50), absl::ZeroDuration());
  EXPECT_EQ(histogram.Percentile(100), absl::Hours(1000));
}

TEST(HistogramTest, AnEmptyOneIsAllZero) {
  Histogram histogram;
  histogram.Add(absl::Seconds(1), 0);
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.Percentile(99), absl::ZeroDuration());
  EXPECT_EQ(histogram.Mean(), absl::ZeroDuration());
  EXPECT_EQ(histogram.Min(), absl::ZeroDuration());
}

TEST(HistogramTest, CountAtMostAgreesWithThePercentiles) {
  Histogram histogram;
  for (int i = 1; i <= 100; ++i) histogram.Add(absl::Milliseconds(i));
  EXPECT_EQ(histogram.CountAtMost(absl::Milliseconds(-1)), 0u);
  EXPECT_EQ(histogram.CountAtMost(absl::Hours(1)), 100u);
  for (const double percent : {1.0, 50.0, 99.0}) {
    EXPECT_GE(static_cast<double>(histogram.CountAtMost(histogram.Percentile(percent))), percent);
  }
}

}  // namespace
}  // namespace tocsin::cli::bench
