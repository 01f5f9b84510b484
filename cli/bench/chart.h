// chart.h: the distribution of latencies as bars of text.
//
// Shape:   a row for each step of a logarithmic scale (ten a decade, three, or one: what gives at
//          most kRows), its bar as long as its share of the longest.
// Threads: pure, but for StyleOfTerminal, which reads the environment.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/bench/histogram.h"

namespace tocsin::cli::bench {

struct ChartStyle {
  size_t columns = 80;
  bool utf8 = false;  // else plain ASCII
};

inline constexpr size_t kRows = 20;
inline constexpr size_t kMinColumns = 40;
inline constexpr size_t kMostColumns = 200;

// COLUMNS, or else the terminal's width; UTF-8 where LC_ALL, LC_CTYPE or LANG says so.
ChartStyle StyleOfTerminal();

struct ChartRow {
  absl::Duration up_to;  // above the row before it
  uint64_t count = 0;
};
// From the first row with something in it to the last; none for an empty histogram.
std::vector<ChartRow> ChartRows(const Histogram& histogram);

// Lines with their breaks; nothing for an empty histogram.
std::string Chart(const Histogram& histogram, const ChartStyle& style);

}  // namespace tocsin::cli::bench
