#include "cli/bench/chart.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <span>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/bench/figure_text.h"

namespace tocsin::cli::bench {
namespace {

// Steps per decade of the scale.
constexpr double kTen[] = {1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.3, 8};
constexpr double kThree[] = {1, 2, 5};
constexpr double kOne[] = {1};

// The edges from the last below the smallest to the first not below the largest.
std::vector<absl::Duration> Edges(const Histogram& histogram, std::span<const double> steps) {
  std::vector<absl::Duration> edges;
  const absl::Duration first = std::max(histogram.Min(), absl::Nanoseconds(1));
  for (double decade = 1; decade < 1e15; decade *= 10) {
    for (const double step : steps) {
      const absl::Duration edge = absl::Nanoseconds(decade * step);
      if (edge < first) continue;
      edges.push_back(edge);
      if (edge >= histogram.Max()) return edges;
    }
  }
  return edges;
}

std::vector<absl::Duration> EdgesThatFit(const Histogram& histogram) {
  for (const std::span<const double> steps :
       {std::span<const double>(kTen), std::span<const double>(kThree)}) {
    std::vector<absl::Duration> edges = Edges(histogram, steps);
    if (edges.size() <= kRows) return edges;
  }
  return Edges(histogram, kOne);
}

// Eighths of a column in UTF-8, whole ones in ASCII. Something is never drawn as nothing.
std::string Bar(double share, size_t width, bool utf8) {
  constexpr const char* kParts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const double columns = share * static_cast<double>(width);
  if (!utf8) return std::string(share > 0 ? std::max(1.0, std::round(columns)) : 0, '#');
  const auto eighths = static_cast<size_t>(share > 0 ? std::max(1.0, std::round(columns * 8)) : 0);
  std::string bar;
  for (size_t i = 0; i < eighths / 8; ++i) bar += "█";
  return bar + kParts[eighths % 8];
}

bool SaysUtf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    const std::string lower = absl::AsciiStrToLower(value);
    return absl::StrContains(lower, "utf-8") || absl::StrContains(lower, "utf8");
  }
  return false;
}

size_t ColumnsOfTerminal() {
  size_t columns = 0;
  const char* given = std::getenv("COLUMNS");
  if (given != nullptr && absl::SimpleAtoi(given, &columns)) return columns;
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return ChartStyle().columns;
}

}  // namespace

ChartStyle StyleOfTerminal() {
  return {.columns = std::clamp(ColumnsOfTerminal(), kMinColumns, kMostColumns),
          .utf8 = SaysUtf8()};
}

std::vector<ChartRow> ChartRows(const Histogram& histogram) {
  std::vector<ChartRow> rows;
  if (histogram.count() == 0) return rows;
  uint64_t before = 0;
  for (const absl::Duration edge : EdgesThatFit(histogram)) {
    const bool last = edge >= histogram.Max();
    const uint64_t up_to = last ? histogram.count() : histogram.CountAtMost(edge);
    if (up_to > before || !rows.empty()) rows.push_back({edge, up_to - before});
    before = up_to;
  }
  return rows;
}

std::string Chart(const Histogram& histogram, const ChartStyle& style) {
  const std::vector<ChartRow> rows = ChartRows(histogram);
  uint64_t most = 1;
  for (const ChartRow& row : rows) most = std::max(most, row.count);
  constexpr size_t kBesideBar = 35;  // the edge, the share, the count, and a column to spare
  const size_t width = std::max(kMinColumns, style.columns) - kBesideBar;
  std::string out;
  for (const ChartRow& row : rows) {
    const double of_most = static_cast<double>(row.count) / static_cast<double>(most);
    const double of_all = static_cast<double>(row.count) / static_cast<double>(histogram.count());
    absl::StrAppendFormat(&out, "  <= %8s %6.2f%% %11s %s\n", LatencyText(row.up_to), of_all * 100,
                          CountText(row.count), Bar(of_most, width, style.utf8));
  }
  return out;
}

}  // namespace tocsin::cli::bench
