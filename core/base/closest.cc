#include "core/base/closest.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"

namespace tocsin {
namespace {

// Optimal string alignment: Levenshtein's distance with swaps.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> cost(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

constexpr size_t kLongestTyped =
    64;  // longer is no slip of the finger, and the distance is quadratic

}  // namespace

std::optional<std::string> Closest(std::string_view typed,
                                   std::span<const std::string> candidates) {
  if (typed.empty() || typed.size() > kLongestTyped) return std::nullopt;
  std::optional<std::string> best;
  size_t best_distance = std::max<size_t>(1, typed.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const size_t distance = Distance(typed, candidate);
    if (distance >= best_distance) continue;
    best_distance = distance;
    best = candidate;
  }
  return best;
}

std::string DidYouMean(std::string_view typed, std::span<const std::string> candidates) {
  const auto closest = Closest(typed, candidates);
  return closest ? absl::StrCat("; did you mean '", *closest, "'?") : "";
}

}  // namespace tocsin
